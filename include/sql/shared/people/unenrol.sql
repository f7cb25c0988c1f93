-- Unenrol the people in toolsync_leaving. With somebody's last enrolment in the course goes what Moodle deletes with it.

-- Somebody who has another enrolment in the course, which does not go, stays in it.
DROP TEMPORARY TABLE IF EXISTS toolsync_other_enrolment;
DROP TEMPORARY TABLE IF EXISTS toolsync_remaining;
CREATE TEMPORARY TABLE toolsync_other_enrolment (ueid BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, userid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_remaining (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

INSERT IGNORE INTO toolsync_other_enrolment (ueid, courseid, userid)
SELECT ue.id, l.courseid, l.userid
  FROM toolsync_leaving l
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.courseid AND e.id <> l.enrolid
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = l.userid;

INSERT IGNORE INTO toolsync_remaining (courseid, userid)
SELECT o.courseid, o.userid
  FROM toolsync_other_enrolment o
  LEFT JOIN toolsync_leaving l ON l.ueid = o.ueid
 WHERE l.ueid IS NULL;

INSERT IGNORE INTO toolsync_last (courseid, userid, contextid)
SELECT l.courseid, l.userid, l.contextid
  FROM toolsync_leaving l
  LEFT JOIN toolsync_remaining s ON s.courseid = l.courseid AND s.userid = l.userid
 WHERE s.courseid IS NULL;

-- These lose what the enrolment gave them.
INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, l.courseid
  FROM toolsync_remaining s
  JOIN toolsync_leaving l ON l.courseid = s.courseid AND l.userid = s.userid
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.userid = l.userid AND gm.component = l.component AND gm.itemid = l.enrolid
  JOIN {groups} g ON g.id = gm.groupid;

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, l.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_remaining s
  JOIN toolsync_leaving l ON l.courseid = s.courseid AND l.userid = s.userid
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = l.userid AND ra.contextid = l.contextid AND ra.component = l.component AND ra.itemid = l.enrolid;

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT l.courseid, l.userid
  FROM toolsync_leaving l
  JOIN toolsync_meta_link m ON m.masterid = l.courseid
 WHERE l.component <> 'enrol_meta';

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT l.userid FROM toolsync_leaving l;

-- Who leaves a course by LTI is no user of the published tool.
DROP TEMPORARY TABLE IF EXISTS toolsync_tool_user;
CREATE TEMPORARY TABLE toolsync_tool_user (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_tool_user (id)
SELECT u.id
  FROM toolsync_leaving l
  STRAIGHT_JOIN {enrol_lti_tools} t {{ by_index("enrol_lti_tools", "enrolid") }} ON t.enrolid = l.enrolid
  STRAIGHT_JOIN {enrol_lti_users} u {{ by_index("enrol_lti_users", "userid") }} ON u.userid = l.userid AND u.toolid = t.id
 WHERE l.component = 'enrol_lti';

-- when: toolsync_tool_user
DELETE u FROM toolsync_tool_user g STRAIGHT_JOIN {enrol_lti_users} u ON u.id = g.id;

{% include "shared/people/last_enrolment.sql" %}

DELETE ue FROM toolsync_leaving l STRAIGHT_JOIN {user_enrolments} ue ON ue.id = l.ueid;

DELETE FROM toolsync_leaving;
