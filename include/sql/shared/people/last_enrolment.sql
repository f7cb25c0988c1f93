-- The people in toolsync_last are no longer enrolled in the course by any method: delete what Moodle deletes then.

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, l.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_last l
  JOIN {role_assignments} ra ON ra.userid = l.userid AND ra.contextid = l.contextid;

-- Their roles in its activities and blocks, too. Find these contexts first: few courses have such roles.
DROP TEMPORARY TABLE IF EXISTS toolsync_inner_context;
CREATE TEMPORARY TABLE toolsync_inner_context (courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (courseid, contextid));

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid FROM toolsync_last l) t
  JOIN {course_modules} cm ON cm.course = t.courseid
  JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id
  JOIN {role_assignments} ra ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid, l.contextid FROM toolsync_last l) t
  JOIN {block_instances} b ON b.parentcontextid = t.contextid
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id
  JOIN {role_assignments} ra ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_inner_context (courseid, contextid)
SELECT t.courseid, x.id
  FROM (SELECT DISTINCT l.courseid FROM toolsync_last l) t
  JOIN {course_modules} cm ON cm.course = t.courseid
  JOIN {context} mx ON mx.contextlevel = 70 AND mx.instanceid = cm.id
  JOIN {block_instances} b ON b.parentcontextid = mx.id
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id
  JOIN {role_assignments} ra ON ra.contextid = x.id;

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, NULL, ra.userid, ra.roleid, ra.component
  FROM toolsync_last l
  JOIN toolsync_inner_context i ON i.courseid = l.courseid
  JOIN {role_assignments} ra ON ra.userid = l.userid AND ra.contextid = i.contextid;

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, l.courseid
  FROM toolsync_last l
  JOIN {groups_members} gm ON gm.userid = l.userid
  JOIN {groups} g ON g.id = gm.groupid AND g.courseid = l.courseid;

DELETE a FROM {user_lastaccess} a
  JOIN toolsync_last l ON l.userid = a.userid AND l.courseid = a.courseid;

DELETE s FROM {forum_subscriptions} s
  JOIN toolsync_last l ON l.userid = s.userid
  JOIN {forum} f ON f.id = s.forum AND f.course = l.courseid;

DELETE d FROM {forum_digests} d
  JOIN toolsync_last l ON l.userid = d.userid
  JOIN {forum} f ON f.id = d.forum AND f.course = l.courseid;

DELETE p FROM {forum_track_prefs} p
  JOIN toolsync_last l ON l.userid = p.userid
  JOIN {forum} f ON f.id = p.forumid AND f.course = l.courseid;

DELETE r FROM toolsync_last l
  JOIN {forum} f ON f.course = l.courseid
  JOIN {forum_read} r ON r.forumid = f.id AND r.userid = l.userid;

{% include "shared/people/grades_gone.sql" %}

DELETE FROM toolsync_last;
