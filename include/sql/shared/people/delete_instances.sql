-- Delete the removed enrolment methods, with the memberships and roles that they gave.

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, g.courseid
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {groups} g {{ by_index("groups", "courseid") }} ON g.courseid = o.courseid
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "groupid") }} ON gm.groupid = g.id AND gm.component = CONCAT('enrol_', o.enrol) AND gm.itemid = o.enrolid
 WHERE o.status = 'deleted';

DROP TEMPORARY TABLE IF EXISTS toolsync_assignment_gone;
DROP TEMPORARY TABLE IF EXISTS toolsync_instance_gone;
CREATE TEMPORARY TABLE toolsync_assignment_gone (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_instance_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_assignment_gone (id)
SELECT ra.id
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "component", "itemid") }} ON ra.component = CONCAT('enrol_', o.enrol) AND ra.itemid = o.enrolid
 WHERE o.status = 'deleted';

INSERT IGNORE INTO toolsync_instance_gone (id)
SELECT o.enrolid FROM toolsync_instance_op o WHERE o.status = 'deleted';

DELETE ra FROM toolsync_assignment_gone d STRAIGHT_JOIN {role_assignments} ra ON ra.id = d.id;
DELETE e FROM toolsync_instance_gone d STRAIGHT_JOIN {enrol} e ON e.id = d.id;
