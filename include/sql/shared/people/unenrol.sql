-- Unenrol the people in toolsync_leaving. With somebody's last enrolment in the course goes what Moodle deletes with it.

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, l.courseid
  FROM toolsync_leaving l
  JOIN {groups_members} gm ON gm.userid = l.userid AND gm.component = l.component AND gm.itemid = l.enrolid
  JOIN {groups} g ON g.id = gm.groupid;

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, l.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_leaving l
  JOIN {role_assignments} ra ON ra.userid = l.userid AND ra.contextid = l.contextid AND ra.component = l.component AND ra.itemid = l.enrolid;

DELETE ue FROM {user_enrolments} ue
  JOIN toolsync_leaving l ON l.ueid = ue.id;

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT l.courseid, l.userid
  FROM toolsync_leaving l
  JOIN toolsync_meta_link m ON m.masterid = l.courseid
 WHERE l.component <> 'enrol_meta';

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT l.userid FROM toolsync_leaving l;

INSERT IGNORE INTO toolsync_last (courseid, userid, contextid)
SELECT l.courseid, l.userid, l.contextid
  FROM toolsync_leaving l
 WHERE NOT EXISTS (SELECT 1
                     FROM {user_enrolments} ue
                     JOIN {enrol} e ON e.id = ue.enrolid
                    WHERE ue.userid = l.userid AND e.courseid = l.courseid);

DELETE FROM toolsync_leaving;

{% include "shared/people/last_enrolment.sql" %}
