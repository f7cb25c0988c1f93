{% import "shared/identify.sql" as named with context %}
-- Turn the operations on enrolments and roles into the rows that the next steps work on.

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT o.courseid FROM toolsync_enrolment_op o WHERE o.status IS NULL;

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT o.courseid FROM toolsync_role_op o WHERE o.status IS NULL AND o.courseid IS NOT NULL;

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT o.courseid FROM toolsync_instance_op o WHERE o.status IN ('updated', 'deleted');

-- Meta links to these courses, and meta links that were just added or changed, which sync everybody (`whole`).
INSERT INTO toolsync_meta_link (enrolid, courseid, contextid, masterid, mastercontextid, groupid, disabled, whole)
SELECT e.id, e.courseid, c.id, e.customint1, mc.id, g.id, e.status <> 0, 0
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN toolsync_touched_course t ON t.courseid = e.customint1
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
  STRAIGHT_JOIN {context} mc {{ by_index("context", "contextlevel", "instanceid") }} ON mc.contextlevel = 50 AND mc.instanceid = e.customint1
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
{% if named.may_go %}
  STRAIGHT_JOIN {course} f ON f.id = e.courseid AND {{ named.is_course("f") }}
{% endif %}
 WHERE e.enrol = 'meta' AND e.courseid <> e.customint1 AND @meta_follows
   AND NOT EXISTS (SELECT 1 FROM toolsync_instance_op o WHERE o.enrolid = e.id AND o.status = 'deleted');

INSERT INTO toolsync_meta_link (enrolid, courseid, contextid, masterid, mastercontextid, groupid, disabled, whole)
SELECT e.id, e.courseid, c.id, e.customint1, mc.id, g.id, e.status <> 0, 1
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {enrol} e ON e.id = o.enrolid
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
  STRAIGHT_JOIN {context} mc {{ by_index("context", "contextlevel", "instanceid") }} ON mc.contextlevel = 50 AND mc.instanceid = e.customint1
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
 WHERE o.enrol = 'meta' AND o.status IN ('created', 'updated') AND @meta_follows
    ON DUPLICATE KEY UPDATE whole = 1;

-- A changed method changes everybody who is enrolled by it.
INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT o.courseid, ue.userid
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = o.enrolid
  JOIN toolsync_meta_link l ON l.masterid = o.courseid
 WHERE o.status = 'updated' AND o.enrol <> 'meta';

INSERT IGNORE INTO toolsync_leaving (enrolid, userid, ueid, courseid, contextid, component)
SELECT o.enrolid, o.userid, ue.id, e.courseid, c.id, CONCAT('enrol_', e.enrol)
  FROM toolsync_enrolment_op o
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = o.enrolid AND ue.userid = o.userid
  STRAIGHT_JOIN {enrol} e ON e.id = o.enrolid
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
 WHERE o.action = 'unenrol' AND o.status IS NULL;

-- Several operations may be about the same enrolment: later dates win.
INSERT INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT o.enrolid, o.userid, o.courseid, o.line, o.n, o.timestart, o.timeend, o.suspended, ue.id,
       ue.id IS NOT NULL AND (ue.timestart <> COALESCE(o.timestart, ue.timestart) OR ue.timeend <> COALESCE(o.timeend, ue.timeend)
                              OR ue.status <> COALESCE(o.suspended, ue.status))
  FROM toolsync_enrolment_op o
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = o.enrolid AND ue.userid = o.userid
 WHERE o.action <> 'unenrol' AND o.status IS NULL AND (o.action = 'enrol' OR ue.id IS NOT NULL)
 ORDER BY o.line, o.n
    ON DUPLICATE KEY UPDATE timestart = COALESCE(VALUES(timestart), toolsync_enrolment.timestart),
                            timeend = COALESCE(VALUES(timeend), toolsync_enrolment.timeend),
                            suspended = COALESCE(VALUES(suspended), toolsync_enrolment.suspended),
                            differs = toolsync_enrolment.differs OR VALUES(differs);

INSERT IGNORE INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, o.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_role_op o
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = o.userid AND ra.contextid = o.contextid AND ra.component = o.component AND ra.itemid = o.itemid
 WHERE o.status IS NULL
   AND (o.action = 'unassign' AND (o.roleid IS NULL OR ra.roleid = o.roleid) OR o.action = 'only' AND ra.roleid <> o.roleid);

INSERT IGNORE INTO toolsync_role_new (contextid, userid, roleid, component, itemid, courseid, line, n)
SELECT o.contextid, o.userid, o.roleid, o.component, o.itemid, o.courseid, o.line, o.n
  FROM toolsync_role_op o
  LEFT JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = o.userid AND ra.contextid = o.contextid AND ra.roleid = o.roleid
                                 AND ra.component = o.component AND ra.itemid = o.itemid
 WHERE o.status IS NULL AND o.action <> 'unassign' AND ra.id IS NULL
 ORDER BY o.line, o.n;
