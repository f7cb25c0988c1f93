{# Groups, and what people have in a course that nobody enrols them in any more. #}
{% if back.get("role_assignments") %}

-- Roles that an enrolment gave are back, but the person has left since.
CREATE TEMPORARY TABLE toolsync_role_stray (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_role_stray (id)
SELECT ra.id
  FROM toolsync_back_role_assignments b
  JOIN {role_assignments} ra ON ra.id = b.id AND ra.component LIKE 'enrol\_%'
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = ra.itemid AND ue.userid = ra.userid
 WHERE ue.id IS NULL;

DELETE ra FROM toolsync_role_stray d STRAIGHT_JOIN {role_assignments} ra ON ra.id = d.id;
{% endif %}
{% if back.get("groups_members") %}

-- And so are members of groups.
CREATE TEMPORARY TABLE toolsync_member_stray (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_member_stray (id)
SELECT gm.id
  FROM toolsync_back_groups_members b
  JOIN {groups_members} gm ON gm.id = b.id
  JOIN {groups} g ON g.id = gm.groupid
 WHERE NOT EXISTS (SELECT 1 FROM {enrol} e JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = gm.userid WHERE e.courseid = g.courseid);

DELETE gm FROM toolsync_member_stray d STRAIGHT_JOIN {groups_members} gm ON gm.id = d.id;
{% endif %}

-- Members of groups otherwise than before: in the conversations that these groups have by now, too.
CREATE TEMPORARY TABLE toolsync_member_moved (groupid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (groupid, userid));
{% if back.get("groups_members") %}

INSERT IGNORE INTO toolsync_member_moved (groupid, userid)
SELECT b.groupid, b.userid FROM toolsync_back_groups_members b;
{% endif %}
{% if unmade.get("groups_members") %}

INSERT IGNORE INTO toolsync_member_moved (groupid, userid)
SELECT m.groupid, m.userid FROM toolsync_unmake_groups_members m WHERE m.groupid IS NOT NULL AND m.userid IS NOT NULL;
{% endif %}

CREATE TEMPORARY TABLE toolsync_talk (conversationid BIGINT NOT NULL, userid BIGINT NOT NULL, member TINYINT NOT NULL, PRIMARY KEY (conversationid, userid));
CREATE TEMPORARY TABLE toolsync_talk_over (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_talk_again (seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, conversationid BIGINT NOT NULL, userid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_talk (conversationid, userid, member)
SELECT c.id, w.userid, gm.id IS NOT NULL
  FROM toolsync_member_moved w
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = w.groupid
  LEFT JOIN {groups_members} gm ON gm.groupid = w.groupid AND gm.userid = w.userid;

INSERT IGNORE INTO toolsync_talk_over (id)
SELECT cm.id
  FROM toolsync_talk t
  JOIN {message_conversation_members} cm ON cm.conversationid = t.conversationid AND cm.userid = t.userid
 WHERE NOT t.member;

INSERT INTO toolsync_talk_again (conversationid, userid)
SELECT t.conversationid, t.userid
  FROM toolsync_talk t
  LEFT JOIN {message_conversation_members} cm ON cm.conversationid = t.conversationid AND cm.userid = t.userid
 WHERE t.member AND cm.id IS NULL;

DELETE cm FROM toolsync_talk_over d STRAIGHT_JOIN {message_conversation_members} cm ON cm.id = d.id;

-- chunks: toolsync_talk_again.seq
INSERT INTO {message_conversation_members} (conversationid, userid, timecreated)
SELECT w.conversationid, w.userid, @now
  FROM toolsync_talk_again w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

-- A cohort method or meta link with this group, by which somebody was enrolled since, keeps the person in it.
INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT w.groupid, w.userid, e.courseid, CONCAT('enrol_', e.enrol), e.id
  FROM toolsync_member_moved w
  JOIN {groups} g ON g.id = w.groupid
  JOIN {enrol} e ON e.courseid = g.courseid AND e.customint2 = g.id AND e.enrol IN ('cohort', 'meta') AND FIND_IN_SET(e.enrol, @enrol_plugins)
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = w.userid AND GREATEST(e.timemodified, ue.timecreated) > @made
  LEFT JOIN {groups_members} gm ON gm.groupid = w.groupid AND gm.userid = w.userid
 WHERE gm.id IS NULL
 ORDER BY e.enrol, e.id;
{% if unmade.get("user_enrolments") %}

-- Who is no longer enrolled by any method loses what came with it since: roles, groups, subscriptions. Somebody who had a role there without being enrolled keeps all.
CREATE TEMPORARY TABLE toolsync_left (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));
CREATE TEMPORARY TABLE toolsync_left_not (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

INSERT IGNORE INTO toolsync_left (courseid, userid, contextid)
SELECT e.courseid, m.userid, x.id
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = e.courseid
 WHERE m.userid IS NOT NULL;
{% if unmade.get("enrol") %}

INSERT IGNORE INTO toolsync_left (courseid, userid, contextid)
SELECT e.courseid, m.userid, x.id
  FROM toolsync_unmake_user_enrolments m
  JOIN toolsync_unmake_enrol e ON e.id = m.enrolid
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = e.courseid
 WHERE m.userid IS NOT NULL;
{% endif %}

INSERT IGNORE INTO toolsync_left_not (courseid, userid)
SELECT w.courseid, w.userid
  FROM toolsync_left w
  JOIN {enrol} e ON e.courseid = w.courseid
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = w.userid;

INSERT IGNORE INTO toolsync_left_not (courseid, userid)
SELECT w.courseid, w.userid
  FROM toolsync_left w
  JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = w.userid AND ra.contextid = w.contextid AND ra.timemodified <= @made;

DELETE w FROM toolsync_left w JOIN toolsync_left_not n ON n.courseid = w.courseid AND n.userid = w.userid;
{% for since in [
    "{role_assignments} ra " ~ by_index("role_assignments", "userid", "contextid") ~ " ON ra.userid = w.userid AND ra.contextid = w.contextid",
    "{groups} g ON g.courseid = w.courseid
  JOIN {groups_members} gm ON gm.groupid = g.id AND gm.userid = w.userid AND gm.timeadded > @made",
    "{user_lastaccess} a ON a.courseid = w.courseid AND a.userid = w.userid AND a.timeaccess > @made",
  ] %}

INSERT IGNORE INTO toolsync_last (courseid, userid, contextid)
SELECT w.courseid, w.userid, w.contextid
  FROM toolsync_left w
  JOIN {{ since }};
{% endfor %}
{% endif %}
{% if back.get("role_assignments") %}

-- Forums with automatic subscription that were made since subscribe people who are back in the course.
CREATE TEMPORARY TABLE toolsync_forum_since (newid BIGINT NOT NULL PRIMARY KEY, seq INT NOT NULL);

INSERT IGNORE INTO toolsync_forum_since (newid, seq)
SELECT f.id, 1
  FROM (SELECT DISTINCT b.contextid FROM toolsync_back_role_assignments b) t
  JOIN {context} x ON x.id = t.contextid AND x.contextlevel = 50
  JOIN {course_modules} cm ON cm.course = x.instanceid AND cm.added > @made
  JOIN {modules} mo ON mo.id = cm.module AND mo.name = 'forum'
  JOIN {forum} f ON f.id = cm.instance AND f.forcesubscribe = 2;

-- when: toolsync_forum_since
INSERT IGNORE INTO toolsync_subscriber (courseid, userid)
SELECT f.course, ra.userid
  FROM toolsync_back_role_assignments b
  JOIN {role_assignments} ra ON ra.id = b.id
  JOIN {context} x ON x.id = ra.contextid AND x.contextlevel = 50
  JOIN {forum} f ON f.course = x.instanceid AND f.forcesubscribe = 2;
{% with only_forums="toolsync_forum_since" %}
{% include "shared/people/forums.sql" %}
{% endwith %}

DELETE FROM toolsync_subscriber;
{% endif %}
{% if unmade.get("groups") %}

-- Conversations that groups got since, and which are gone again: those with messages are kept, but nobody sees them any more.
CREATE TEMPORARY TABLE toolsync_talk_of_none (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_talk_of_none (id)
SELECT c.id
  FROM toolsync_unmake_groups m
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = m.id AND c.enabled <> 0;

UPDATE toolsync_talk_of_none d STRAIGHT_JOIN {message_conversations} c ON c.id = d.id SET c.enabled = 0;
{% endif %}

-- Totals are worked out again where grade items went with which Moodle has worked them out; …
CREATE TEMPORARY TABLE toolsync_regraded_course (courseid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_regraded (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_regraded_course (courseid) SELECT w.courseid FROM toolsync_totalled w;
{% if back.get("grade_grades") %}

-- … and where somebody changed grade items since, or graded one of these people: with what stays and what is back together.
CREATE TEMPORARY TABLE toolsync_graded (userid BIGINT NOT NULL, courseid BIGINT NOT NULL, PRIMARY KEY (userid, courseid));

INSERT IGNORE INTO toolsync_graded (userid, courseid)
SELECT b.userid, gi.courseid
  FROM toolsync_back_grade_grades b
  JOIN {grade_items} gi ON gi.id = b.itemid;

INSERT IGNORE INTO toolsync_regraded_course (courseid)
SELECT k.courseid
  FROM (SELECT DISTINCT w.courseid FROM toolsync_graded w) k
  JOIN {grade_items} since ON since.courseid = k.courseid AND GREATEST(COALESCE(since.timecreated, 0), COALESCE(since.timemodified, 0)) > @made;

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_regraded_course (courseid)
SELECT w.courseid
  FROM toolsync_graded w
  JOIN toolsync_about a ON a.name = 'grade_grades' AND a.userid = w.userid AND a.courseid = w.courseid;

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_regraded_course (courseid)
SELECT a.courseid FROM toolsync_about a WHERE a.name = 'grade_items' AND a.courseid > 0;

INSERT IGNORE INTO toolsync_regraded_course (courseid)
SELECT w.courseid
  FROM toolsync_graded w
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = w.courseid
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.userid = w.userid AND gg.itemid = gi.id AND gg.timemodified > @made;
{% endif %}

INSERT IGNORE INTO toolsync_regraded (id)
SELECT total.id
  FROM toolsync_regraded_course k
  JOIN {grade_items} total ON total.courseid = k.courseid AND (total.itemtype IN ('course', 'category') OR total.calculation IS NOT NULL) AND total.needsupdate = 0;

UPDATE toolsync_regraded d STRAIGHT_JOIN {grade_items} gi ON gi.id = d.id SET gi.needsupdate = 1;
