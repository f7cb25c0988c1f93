-- Add and remove cohort members, and sync the courses that enrol these cohorts, as enrol_cohort_sync does.

INSERT IGNORE INTO toolsync_cohort_change (cohortid, userid, joined)
SELECT o.cohortid, o.userid, 1
  FROM toolsync_cohort_member_op o
  LEFT JOIN {cohort_members} m ON m.cohortid = o.cohortid AND m.userid = o.userid
 WHERE o.action = 'add' AND o.status IS NULL AND m.id IS NULL;

INSERT IGNORE INTO toolsync_cohort_change (cohortid, userid, joined)
SELECT o.cohortid, o.userid, 0
  FROM toolsync_cohort_member_op o
  JOIN {cohort_members} m ON m.cohortid = o.cohortid AND m.userid = o.userid
 WHERE o.action = 'remove' AND o.status IS NULL;

INSERT IGNORE INTO toolsync_cohort_left (id)
SELECT m.id
  FROM toolsync_cohort_change w
  JOIN {cohort_members} m ON m.cohortid = w.cohortid AND m.userid = w.userid
 WHERE w.joined = 0;

UPDATE toolsync_cohort_member_op o
  LEFT JOIN toolsync_cohort_change w ON w.cohortid = o.cohortid AND w.userid = o.userid
   SET o.status = CASE WHEN w.cohortid IS NULL THEN 'unchanged' WHEN w.joined THEN 'created' ELSE 'deleted' END
 WHERE o.status IS NULL;

-- The enrolment methods of these cohorts, and those that were just added or changed, which sync everybody (`whole`).
INSERT INTO toolsync_cohort_instance (enrolid, cohortid, courseid, contextid, roleid, groupid, disabled, whole)
SELECT e.id, e.customint1, e.courseid, c.id, r.id, g.id, e.status <> 0, 0
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN (SELECT DISTINCT w.cohortid FROM toolsync_cohort_change w) t ON t.cohortid = e.customint1
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
  LEFT JOIN {role} r ON r.id = e.roleid
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
 WHERE e.enrol = 'cohort';

INSERT INTO toolsync_cohort_instance (enrolid, cohortid, courseid, contextid, roleid, groupid, disabled, whole)
SELECT e.id, e.customint1, e.courseid, c.id, r.id, g.id, e.status <> 0, 1
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {enrol} e ON e.id = o.enrolid
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
  LEFT JOIN {role} r ON r.id = e.roleid
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
 WHERE o.enrol = 'cohort' AND o.status IN ('created', 'updated')
    ON DUPLICATE KEY UPDATE whole = 1;

INSERT INTO toolsync_cohort_sync (enrolid, userid, member, joined)
SELECT i.enrolid, w.userid, w.joined, w.joined
  FROM toolsync_cohort_change w
  JOIN toolsync_cohort_instance i ON i.cohortid = w.cohortid
 WHERE @cohort_follows OR NOT w.joined;

INSERT IGNORE INTO toolsync_cohort_sync (enrolid, userid, member, joined)
SELECT i.enrolid, m.userid, 1, 0
  FROM toolsync_cohort_instance i
  STRAIGHT_JOIN {cohort_members} m {{ by_index("cohort_members", "cohortid") }} ON m.cohortid = i.cohortid
 WHERE i.whole AND @cohort_follows;

INSERT IGNORE INTO toolsync_cohort_sync (enrolid, userid, member, joined)
SELECT i.enrolid, ue.userid, 0, 0
  FROM toolsync_cohort_instance i
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = i.enrolid
 WHERE i.whole AND @cohort_follows;

{% if settled is defined %}
-- These are as they should be.
DELETE s FROM toolsync_cohort_sync s JOIN {{ settled }} k ON k.enrolid = s.enrolid AND k.userid = s.userid;

{% endif %}
-- Enrol the members. Moodle clears the dates of somebody who joins the cohort, and keeps them when a method is enabled.
INSERT IGNORE INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT s.enrolid, s.userid, i.courseid, 0, 0, IF(s.joined, 0, NULL), IF(s.joined, 0, NULL), 0, ue.id,
       ue.id IS NOT NULL AND (ue.status <> 0 OR s.joined AND (ue.timestart <> 0 OR ue.timeend <> 0))
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {user} u ON u.id = s.userid AND u.deleted = 0
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = s.enrolid AND ue.userid = s.userid
 WHERE s.member AND NOT i.disabled;

INSERT IGNORE INTO toolsync_role_new (contextid, userid, roleid, component, itemid, courseid)
SELECT i.contextid, s.userid, i.roleid, 'enrol_cohort', s.enrolid, i.courseid
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {user} u ON u.id = s.userid AND u.deleted = 0
  LEFT JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = s.userid AND ra.contextid = i.contextid AND ra.roleid = i.roleid
                                 AND ra.component = 'enrol_cohort' AND ra.itemid = s.enrolid
 WHERE s.member AND NOT i.disabled AND i.roleid IS NOT NULL AND ra.id IS NULL;

-- Into the group goes everybody whom the method has, also those who have left the cohort and stay suspended.
INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT i.groupid, s.userid, i.courseid, 'enrol_cohort', s.enrolid
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {user} u ON u.id = s.userid AND u.deleted = 0
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = s.enrolid AND ue.userid = s.userid
  LEFT JOIN {groups_members} gm ON gm.groupid = i.groupid AND gm.userid = s.userid
 WHERE (s.member AND NOT i.disabled OR i.whole AND ue.id IS NOT NULL AND (s.member OR @cohort_unenrol <> 0)) AND i.groupid IS NOT NULL AND gm.id IS NULL
 ORDER BY s.enrolid;

-- Everybody else is unenrolled (`unenrolaction` 0, the default), or suspended with (2) or without (3) roles. A disabled method takes its roles, except with 2.
INSERT IGNORE INTO toolsync_leaving (enrolid, userid, ueid, courseid, contextid, component)
SELECT s.enrolid, s.userid, ue.id, i.courseid, i.contextid, 'enrol_cohort'
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = s.enrolid AND ue.userid = s.userid
 WHERE NOT s.member AND @cohort_unenrol = 0;

INSERT IGNORE INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT s.enrolid, s.userid, i.courseid, 0, 0, NULL, NULL, 1, ue.id, ue.status <> 1
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = s.enrolid AND ue.userid = s.userid
 WHERE NOT s.member AND @cohort_unenrol <> 0;

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, i.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_cohort_sync s
  STRAIGHT_JOIN toolsync_cohort_instance i ON i.enrolid = s.enrolid
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = s.userid AND ra.contextid = i.contextid AND ra.component = 'enrol_cohort' AND ra.itemid = s.enrolid
 WHERE (i.disabled OR NOT s.member AND @cohort_unenrol <> 0) AND @cohort_unenrol <> 2;

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT i.courseid FROM toolsync_cohort_instance i;

-- chunks: toolsync_cohort_change.seq
INSERT INTO {cohort_members} (cohortid, userid, timeadded)
SELECT w.cohortid, w.userid, @now
  FROM toolsync_cohort_change w
 WHERE w.seq BETWEEN @first AND @last AND w.joined = 1
 ORDER BY w.seq;

DELETE m FROM toolsync_cohort_left d STRAIGHT_JOIN {cohort_members} m ON m.id = d.id;
