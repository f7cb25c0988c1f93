-- Delete the removed enrolment methods, with the memberships and roles that they gave.

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, g.courseid
  FROM toolsync_instance_op o
  JOIN {groups} g ON g.courseid = o.courseid
  JOIN {groups_members} gm ON gm.groupid = g.id AND gm.component = CONCAT('enrol_', o.enrol) AND gm.itemid = o.enrolid
 WHERE o.status = 'deleted';

DELETE ra FROM toolsync_instance_op o
  JOIN {role_assignments} ra ON ra.component = CONCAT('enrol_', o.enrol) AND ra.itemid = o.enrolid
 WHERE o.status = 'deleted';

DELETE e FROM {enrol} e
  JOIN toolsync_instance_op o ON o.enrolid = e.id
 WHERE o.status = 'deleted';
