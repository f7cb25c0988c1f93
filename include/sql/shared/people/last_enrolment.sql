-- Those in toolsync_last are in the course no more, by any method.

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, IF(ra.contextid = l.contextid, l.courseid, NULL), ra.userid, ra.roleid, ra.component
  FROM toolsync_last l
  JOIN {context} cc ON cc.id = l.contextid
  JOIN {role_assignments} ra ON ra.userid = l.userid
  JOIN {context} c ON c.id = ra.contextid AND (c.id = cc.id OR c.path LIKE CONCAT(cc.path, '/%'));

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
