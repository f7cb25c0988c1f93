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

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT l.courseid, l.userid
  FROM toolsync_leaving l
  JOIN toolsync_meta_link m ON m.masterid = l.courseid
 WHERE l.component <> 'enrol_meta';

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT l.userid FROM toolsync_leaving l;

-- Somebody who has more enrolments in the course than those that go stays in it.
INSERT INTO toolsync_last (courseid, userid, contextid)
SELECT l.courseid, l.userid, l.contextid
  FROM toolsync_leaving l
    ON DUPLICATE KEY UPDATE leaves = toolsync_last.leaves + 1;

DROP TEMPORARY TABLE IF EXISTS toolsync_remaining;
CREATE TEMPORARY TABLE toolsync_remaining (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

INSERT INTO toolsync_remaining (courseid, userid)
SELECT l.courseid, l.userid
  FROM toolsync_last l
  JOIN {enrol} e ON e.courseid = l.courseid
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = l.userid
 GROUP BY l.courseid, l.userid, l.leaves
HAVING COUNT(*) > l.leaves;

DELETE l FROM toolsync_remaining s
  JOIN toolsync_last l ON l.courseid = s.courseid AND l.userid = s.userid;

{% include "shared/people/last_enrolment.sql" %}

DELETE ue FROM toolsync_leaving l STRAIGHT_JOIN {user_enrolments} ue ON ue.id = l.ueid;

DELETE FROM toolsync_leaving;
