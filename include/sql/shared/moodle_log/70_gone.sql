{% from "shared/moodle_log/event.sql" import event %}
{{ event("enrol_instance", "deleted", "d", "enrol") }}, e.id, 50, e.courseid, e.courseid, NULL, JSON_OBJECT('enrol', e.enrol)
FROM toolsync_log_gone_enrol e ORDER BY e.id;

{{ event("grouping_group", "unassigned", "d", "groupings") }}, g.id, 50, g.courseid, g.courseid, NULL, JSON_OBJECT('groupid', l.groupid)
FROM toolsync_log_gone_groupings_groups l
JOIN {groupings} g ON g.id = l.groupingid
JOIN {groups} o ON o.id = l.groupid ORDER BY l.id;

{{ event("group", "deleted", "d", "groups") }}, g.id, 50, g.courseid, g.courseid, NULL, 'null'
FROM toolsync_log_gone_groups g ORDER BY g.id;

{{ event("grouping", "deleted", "d", "groupings") }}, g.id, 50, g.courseid, g.courseid, NULL, 'null'
FROM toolsync_log_gone_groupings g ORDER BY g.id;

{{ event("cohort", "deleted", "d", "cohort") }}, h.id, COALESCE(c.contextlevel, x.contextlevel, 10), COALESCE(c.instanceid, x.instanceid, 0), 0, NULL, 'null'
FROM toolsync_log_gone_cohort h
LEFT JOIN {context} c ON c.id = h.contextid
LEFT JOIN toolsync_log_gone_context x ON x.id = h.contextid ORDER BY h.id;

{{ event("user", "deleted", "d", "user") }}, b.id, 30, b.id, 0, b.id,
  JSON_OBJECT('username', b.username, 'email', b.email, 'idnumber', b.idnumber, 'picture', b.picture, 'mnethostid', b.mnethostid)
FROM toolsync_log_changed_user b
JOIN {user} u ON u.id = b.id
WHERE b.deleted = 0 AND u.deleted = 1 ORDER BY b.id;

-- Sections go without an event with their course.
{{ event("course_section", "deleted", "d", "course_sections", level=1) }}, s.id, 50, s.course, s.course, NULL,
  JSON_OBJECT('sectionnum', s.section, 'sectionname', COALESCE(s.name, ''))
FROM toolsync_log_gone_course_sections s
JOIN {course} c ON c.id = s.course ORDER BY s.id;

{{ event("course_content", "deleted", "d", "course", level=1) }}, c.id, 50, c.id, c.id, NULL,
  JSON_OBJECT('shortname', c.shortname, 'fullname', c.fullname, 'options', JSON_ARRAY())
FROM toolsync_log_gone_course c ORDER BY c.id;

{{ event("course", "deleted", "d", "course", level=1) }}, c.id, 50, c.id, c.id, NULL,
  JSON_OBJECT('shortname', c.shortname, 'fullname', c.fullname, 'idnumber', c.idnumber)
FROM toolsync_log_gone_course c ORDER BY c.id;

{{ event("course_category", "deleted", "d", "course_categories") }}, k.id, 40, k.id, 0, NULL, JSON_OBJECT('name', k.name)
FROM toolsync_log_gone_course_categories k ORDER BY k.id;
