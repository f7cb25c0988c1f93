-- Add, enable, disable and change enrolment methods, and mark those to delete. Later steps change who is enrolled by them.

INSERT INTO toolsync_instance_new (line, n, courseid, sortorder)
SELECT o.line, o.n, o.courseid,
       ROW_NUMBER() OVER (PARTITION BY o.courseid ORDER BY o.line, o.n)
       + (SELECT COALESCE(MAX(e.sortorder), -1) FROM {enrol} e {{ by_index("enrol", "courseid") }} WHERE e.courseid = o.courseid)
  FROM toolsync_instance_op o
 WHERE o.action = 'add' AND o.status IS NULL
 ORDER BY o.line, o.n;

-- chunks: toolsync_instance_new.seq
INSERT INTO {enrol} (enrol, status, courseid, sortorder, roleid, customint1, customint2, enrolstartdate, enrolenddate, timecreated, timemodified)
SELECT o.enrol, 0, o.courseid, w.sortorder, COALESCE(o.roleid, 0), o.customint1, o.customint2, COALESCE(o.enrolstartdate, 0),
       COALESCE(o.enrolenddate, 0), @now, @now
  FROM toolsync_instance_new w
  JOIN toolsync_instance_op o ON o.line = w.line AND o.n = w.n
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

DROP TEMPORARY TABLE IF EXISTS toolsync_instance_made;
CREATE TEMPORARY TABLE toolsync_instance_made (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, enrolid BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_instance_made (line, n, enrolid)
SELECT w.line, w.n, e.id
  FROM toolsync_instance_new w
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = w.courseid AND e.sortorder = w.sortorder;

UPDATE toolsync_instance_op o
  JOIN toolsync_instance_made w ON w.line = o.line AND w.n = o.n
   SET o.enrolid = w.enrolid, o.status = 'created';

-- Methods that are not yet as they should be.
DROP TEMPORARY TABLE IF EXISTS toolsync_instance_changed;
CREATE TEMPORARY TABLE toolsync_instance_changed (
    enrolid BIGINT NOT NULL, line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, stamped TINYINT NOT NULL, PRIMARY KEY (enrolid, line, n)
);

{% set same_settings = "COALESCE(o.enrolstartdate, e.enrolstartdate) <=> e.enrolstartdate AND COALESCE(o.enrolenddate, e.enrolenddate) <=> e.enrolenddate
            AND COALESCE(o.customint2, e.customint2) <=> e.customint2" %}
-- `stamped`: the change counts as one. Older Moodles don't note when a method was only enabled or disabled.
INSERT INTO toolsync_instance_changed (enrolid, line, n, stamped)
SELECT e.id, o.line, o.n, {{ 1 if moodle_since("5.0.6", "5.1") else "NOT (" ~ same_settings ~ ")" }}
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {enrol} e ON e.id = o.enrolid
 WHERE o.status IS NULL AND o.action IN ('enable', 'disable', 'update')
   AND NOT (e.status = CASE o.action WHEN 'enable' THEN 0 WHEN 'disable' THEN 1 ELSE e.status END
            AND {{ same_settings }});

-- A method that gets another group removes its people from the previous one.
INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, e.courseid
  FROM toolsync_instance_changed w
  JOIN toolsync_instance_op o ON o.line = w.line AND o.n = w.n
  JOIN {enrol} e ON e.id = w.enrolid AND e.customint2 <> o.customint2
  JOIN {groups_members} gm ON gm.groupid = e.customint2 AND gm.component = CONCAT('enrol_', e.enrol) AND gm.itemid = e.id;

UPDATE toolsync_instance_changed w
  STRAIGHT_JOIN toolsync_instance_op o ON o.line = w.line AND o.n = w.n
  STRAIGHT_JOIN {enrol} e ON e.id = w.enrolid
   SET e.status = CASE o.action WHEN 'enable' THEN 0 WHEN 'disable' THEN 1 ELSE e.status END,
       e.enrolstartdate = COALESCE(o.enrolstartdate, e.enrolstartdate), e.enrolenddate = COALESCE(o.enrolenddate, e.enrolenddate),
       e.customint2 = COALESCE(o.customint2, e.customint2), e.timemodified = IF(w.stamped, @now, e.timemodified);

UPDATE toolsync_instance_op o
  LEFT JOIN toolsync_instance_changed w ON w.enrolid = o.enrolid AND w.line = o.line AND w.n = o.n
   SET o.status = CASE WHEN o.action = 'delete' THEN 'deleted' WHEN w.enrolid IS NULL THEN 'unchanged' ELSE 'updated' END
 WHERE o.status IS NULL;

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT c.path
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = o.courseid
 WHERE o.status IN ('updated', 'deleted');

INSERT IGNORE INTO toolsync_leaving (enrolid, userid, ueid, courseid, contextid, component)
SELECT o.enrolid, ue.userid, ue.id, o.courseid, c.id, CONCAT('enrol_', o.enrol)
  FROM toolsync_instance_op o
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = o.enrolid
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = o.courseid
 WHERE o.status = 'deleted';
