-- Courses with a meta link to those in toolsync_of_course: keep their rows that may change, as they are now, in toolsync_before_<table>.
-- The caller creates these tables. `without_each_other`: leave out links between two of these courses.
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_follower (
    enrolid BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, masterid BIGINT NOT NULL, KEY (courseid), KEY (masterid)
);

INSERT INTO toolsync_follower (enrolid, courseid, contextid, masterid)
SELECT e.id, e.courseid, x.id, p.id
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN toolsync_of_course p ON p.id = e.customint1
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 50 AND x.instanceid = e.courseid
{% if named.may_go %}
  STRAIGHT_JOIN {course} c ON c.id = e.courseid AND {{ named.is_course("c") }}
{% endif %}
 WHERE e.enrol = 'meta' AND e.courseid <> e.customint1;
{% if without_each_other is defined %}

-- All of these courses go, so links between them do not matter.
-- when: toolsync_follower
DELETE f FROM toolsync_follower f JOIN toolsync_of_course p ON p.id = f.courseid;
{% endif %}

CREATE TEMPORARY TABLE toolsync_follower_course (courseid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL, masterid BIGINT NOT NULL);

-- when: toolsync_follower
INSERT INTO toolsync_follower_course (courseid, contextid, masterid)
SELECT f.courseid, f.contextid, MIN(f.masterid) FROM toolsync_follower f GROUP BY f.courseid, f.contextid;
{% for name, way in [
    ("enrol", "JOIN {enrol} t ON t.courseid = f.courseid"),
    ("user_enrolments", "JOIN {enrol} e ON e.courseid = f.courseid JOIN {user_enrolments} t ON t.enrolid = e.id"),
    ("role_assignments", "JOIN {role_assignments} t ON t.contextid = f.contextid"),
    ("groups", "JOIN {groups} t ON t.courseid = f.courseid"),
    ("groups_members", "JOIN {groups} g ON g.courseid = f.courseid JOIN {groups_members} t ON t.groupid = g.id"),
    ("message_conversation_members", "JOIN {groups} g ON g.courseid = f.courseid JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = g.id JOIN {message_conversation_members} t ON t.conversationid = c.id"),
    ("user_lastaccess", "JOIN {user_lastaccess} t ON t.courseid = f.courseid"),
    ("forum_subscriptions", "JOIN {forum} o ON o.course = f.courseid JOIN {forum_subscriptions} t ON t.forum = o.id"),
    ("forum_digests", "JOIN {forum} o ON o.course = f.courseid JOIN {forum_digests} t ON t.forum = o.id"),
    ("forum_track_prefs", "JOIN {forum} o ON o.course = f.courseid JOIN {forum_track_prefs} t ON t.forumid = o.id"),
    ("forum_read", "JOIN {forum} o ON o.course = f.courseid JOIN {forum_read} t ON t.forumid = o.id"),
    ("grade_grades", "JOIN {grade_items} i ON i.courseid = f.courseid JOIN {grade_grades} t ON t.itemid = i.id"),
    ("files", "JOIN {course_modules} cm ON cm.course = f.courseid JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id JOIN {files} t ON t.contextid = x.id AND t.component = 'grade' AND t.filearea = 'feedback'"),
    ("course_modules_completion", "JOIN {course_modules} cm ON cm.course = f.courseid JOIN {course_modules_completion} t ON t.coursemoduleid = cm.id"),
  ] if site_has(name) %}

-- when: toolsync_follower_course
INSERT INTO toolsync_before_{{ name }}
SELECT f.masterid, t.*
  FROM toolsync_follower_course f
  {{ way | replace(" JOIN ", "\n  JOIN ") }};
{% endfor %}
