-- The people in toolsync_last are no longer enrolled in the course by any method: delete what Moodle deletes then. `grades_stay`: but for grades; who has some is
-- noted in toolsync_grades_left.

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, l.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_last l
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = l.userid AND ra.contextid = l.contextid;

-- Their roles in its activities and blocks, too. Find these contexts first: few courses have such roles.
DROP TEMPORARY TABLE IF EXISTS toolsync_inner_context;
CREATE TEMPORARY TABLE toolsync_inner_context (courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (courseid, contextid));

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid FROM toolsync_last l) t
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = t.courseid
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 70 AND x.instanceid = cm.id
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "contextid") }} ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid, l.contextid FROM toolsync_last l) t
  STRAIGHT_JOIN {block_instances} b {{ by_index("block_instances", "parentcontextid") }} ON b.parentcontextid = t.contextid
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 80 AND x.instanceid = b.id
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "contextid") }} ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid FROM toolsync_last l) t
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = t.courseid
  STRAIGHT_JOIN {context} mx {{ by_index("context", "contextlevel", "instanceid") }} ON mx.contextlevel = 70 AND mx.instanceid = cm.id
  STRAIGHT_JOIN {block_instances} b {{ by_index("block_instances", "parentcontextid") }} ON b.parentcontextid = mx.id
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 80 AND x.instanceid = b.id
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "contextid") }} ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, NULL, ra.userid, ra.roleid, ra.component
  FROM toolsync_last l
  JOIN toolsync_inner_context i ON i.courseid = l.courseid
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = l.userid AND ra.contextid = i.contextid;

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, l.courseid
  FROM toolsync_last l
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.userid = l.userid
  STRAIGHT_JOIN {groups} g ON g.id = gm.groupid AND g.courseid = l.courseid;

-- What else goes, table by table.
DROP TEMPORARY TABLE IF EXISTS toolsync_left_forum;
CREATE TEMPORARY TABLE toolsync_left_forum (courseid BIGINT NOT NULL, forumid BIGINT NOT NULL, PRIMARY KEY (courseid, forumid));

INSERT INTO toolsync_left_forum (courseid, forumid)
SELECT t.courseid, f.id
  FROM (SELECT DISTINCT l.courseid FROM toolsync_last l) t
  JOIN {forum} f ON f.course = t.courseid;

{% for name, from_line in [
    ("user_lastaccess", "JOIN {user_lastaccess} x ON x.userid = l.userid AND x.courseid = l.courseid"),
    ("forum_subscriptions", "JOIN toolsync_left_forum f ON f.courseid = l.courseid JOIN {forum_subscriptions} x ON x.userid = l.userid AND x.forum = f.forumid"),
    ("forum_digests", "JOIN toolsync_left_forum f ON f.courseid = l.courseid JOIN {forum_digests} x ON x.userid = l.userid AND x.forum = f.forumid"),
    ("forum_track_prefs", "JOIN toolsync_left_forum f ON f.courseid = l.courseid JOIN {forum_track_prefs} x ON x.userid = l.userid AND x.forumid = f.forumid"),
    ("forum_read", "JOIN toolsync_left_forum f ON f.courseid = l.courseid JOIN {forum_read} x ON x.forumid = f.forumid AND x.userid = l.userid")] %}
DROP TEMPORARY TABLE IF EXISTS toolsync_{{ name }}_gone;
CREATE TEMPORARY TABLE toolsync_{{ name }}_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_{{ name }}_gone (id)
SELECT x.id
  FROM toolsync_last l
  {{ from_line }};
{% endfor %}

{% if grades_stay is defined %}
-- Nobody was asked whether these people's grades may go.
INSERT IGNORE INTO toolsync_grades_left (courseid, userid)
SELECT l.courseid, l.userid
  FROM toolsync_last l
  JOIN {grade_items} gi ON gi.courseid = l.courseid
  JOIN {grade_grades} gg ON gg.itemid = gi.id AND gg.userid = l.userid AND (gg.finalgrade IS NOT NULL OR gg.feedback IS NOT NULL);
{% else %}
{% include "shared/people/grades_gone.sql" %}
{% endif %}
{% for name in ["user_lastaccess", "forum_subscriptions", "forum_digests", "forum_track_prefs", "forum_read"] %}

DELETE x FROM toolsync_{{ name }}_gone d STRAIGHT_JOIN {{ table(name) }} x ON x.id = d.id;
{% endfor %}

DELETE FROM toolsync_last;
