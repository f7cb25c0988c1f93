{% from "shared/methods.sql" import unowned %}
-- The operations that all other lines ask for.
{% macro operation(enrolid, usable) %}
SELECT l.line, IF({{ usable }}, 'uid', 'enrol'), CASE l.command WHEN 'add' THEN 'enrol' WHEN 'del' THEN 'unenrol' ELSE 'update' END,
       {{ enrolid }}, l.courseid, l.userid,
       IF(l.command IN ('enable', 'disable'), NULL, l.starttime), IF(l.command IN ('enable', 'disable'), NULL, l.endtime),
       CASE l.command WHEN 'add' THEN 0 WHEN 'enable' THEN 0 WHEN 'disable' THEN 1 END,
       IF({{ usable }}, NULL, 'failed'), IF({{ usable }}, NULL, 'this enrolment method is disabled in the course or on the site')
{% endmacro %}

INSERT INTO toolsync_enrolment_op (line, field, action, enrolid, courseid, userid, timestart, timeend, suspended, status, message)
{{ operation("m.enrolid", "m.usable") }}
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  JOIN toolsync_method m ON m.courseid = l.courseid AND m.enrol = l.method AND m.choices = 1;

-- Of several that are as good, one by which the person is enrolled.
INSERT IGNORE INTO toolsync_enrolment_op (line, field, action, enrolid, courseid, userid, timestart, timeend, suspended, status, message)
{{ operation("e.id", "m.usable") }}
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  JOIN toolsync_method m ON m.courseid = l.courseid AND m.enrol = l.method AND m.choices > 1
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.courseid AND e.enrol = l.method
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = l.userid
 ORDER BY l.line{{ ", (e.status = 0 AND FIND_IN_SET(e.enrol, @enrol_plugins)) DESC" if not option.use_disabled_instances }}, ue.id IS NULL, e.sortorder, e.id;

INSERT INTO toolsync_role_op (line, field, action, contextid, courseid, userid, roleid, component, itemid)
SELECT l.line, 'rolename', CASE l.command WHEN 'add' THEN 'assign' WHEN 'shift' THEN 'only' ELSE 'unassign' END, l.contextid, l.courseid, l.userid,
       l.roleid, IF(e.id IS NULL, '', CONCAT('enrol_', e.enrol)), COALESCE(e.id, 0)
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  LEFT JOIN toolsync_enrolment_op o ON o.line = l.line
  LEFT JOIN {enrol} e ON e.id = o.enrolid AND NOT {{ unowned("e") }}
 WHERE l.command IN ('add', 'shift') OR l.command = 'del' AND l.roleonly;

-- Without a method: all enrolments of the person in the course, except those by cohort or meta link, which Moodle would set back.
INSERT INTO toolsync_enrolment_op (line, n, field, action, enrolid, courseid, userid, suspended)
SELECT l.line, ue.id, 'uid', 'update', e.id, l.courseid, l.userid, l.command = 'disable'
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.courseid AND e.enrol NOT IN ('cohort', 'meta')
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = l.userid
 WHERE l.command IN ('enable', 'disable') AND l.method IS NULL;

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, 'enrol', CONCAT('the ', e.enrol, ' enrolment of this person stays as it is: it follows its ', IF(e.enrol = 'meta', 'master course', 'cohort'))
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.courseid AND e.enrol IN ('cohort', 'meta')
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = l.userid
 WHERE l.command IN ('enable', 'disable') AND l.method IS NULL;

UPDATE toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line AND l.command IN ('enable', 'disable') AND l.method IS NULL
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN toolsync_enrolment_op o ON o.line = l.line
   SET r.status = 'failed', r.field = 'uid', r.message = 'this person has no enrolment in this course that could be changed'
 WHERE r.status IS NULL AND o.line IS NULL;

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, IF(l.starttime IS NULL, 'endtime', 'starttime'),
       IF(l.roleonly, 'not used: a role without an enrolment has no dates', 'not used: enable and disable change no dates')
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
 WHERE (l.roleonly OR l.command IN ('enable', 'disable')) AND (l.starttime IS NOT NULL OR l.endtime IS NOT NULL);
