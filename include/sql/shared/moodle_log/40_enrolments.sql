{% from "shared/moodle_log/event.sql" import course_of, differs, event %}
{{ event("user_enrolment", "created", "c", "user_enrolments") }}, p.id, 50, e.courseid, e.courseid, p.userid, JSON_OBJECT('enrol', e.enrol)
FROM toolsync_log_made_user_enrolments m
JOIN {user_enrolments} p ON p.id = m.id
JOIN {enrol} e ON e.id = p.enrolid ORDER BY p.id;

{{ event("user_enrolment", "updated", "u", "user_enrolments") }}, p.id, 50, e.courseid, e.courseid, p.userid, JSON_OBJECT('enrol', e.enrol)
FROM toolsync_log_changed_user_enrolments b
JOIN {user_enrolments} p ON p.id = b.id
JOIN {enrol} e ON e.id = p.enrolid
WHERE {{ differs("b", "p", ["status", "timestart", "timeend"]) }} ORDER BY p.id;

{{ event("role", "assigned", "c", "role") }}, a.roleid, c.contextlevel, c.instanceid, {{ course_of("c") }}, a.userid,
  JSON_OBJECT('id', a.id, 'component', a.component, 'itemid', a.itemid)
FROM toolsync_log_made_role_assignments m
JOIN {role_assignments} a ON a.id = m.id
JOIN {context} c ON c.id = a.contextid ORDER BY a.id;
