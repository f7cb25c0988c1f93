{% from "shared/moodle_log/event.sql" import course_of, event %}
-- Who leaves a cohort. With a cohort or an account, memberships go without an event.
{{ event("cohort_member", "removed", "d", "cohort") }}, h.id, c.contextlevel, c.instanceid, 0, p.userid, 'null'
FROM toolsync_log_gone_cohort_members p
JOIN {cohort} h ON h.id = p.cohortid
JOIN {context} c ON c.id = h.contextid
JOIN {user} u ON u.id = p.userid
WHERE u.deleted = 0 ORDER BY p.id;

-- A role goes without an event with the category or activity that it was held in, and with the account that it was about.
{{ event("role", "unassigned", "d", "role") }}, a.roleid, COALESCE(c.contextlevel, x.contextlevel), COALESCE(c.instanceid, x.instanceid),
  IF(c.id IS NULL, x.instanceid, {{ course_of("c") }}), a.userid,
  JSON_OBJECT('id', a.id, 'component', a.component, 'itemid', a.itemid)
FROM toolsync_log_gone_role_assignments a
LEFT JOIN {context} c ON c.id = a.contextid
LEFT JOIN toolsync_log_gone_context x ON x.id = a.contextid AND x.contextlevel = 50
LEFT JOIN {user} u ON c.contextlevel = 30 AND u.id = c.instanceid
WHERE (c.id IS NOT NULL OR x.id IS NOT NULL) AND COALESCE(u.deleted, 0) = 0 ORDER BY a.id;

-- Who leaves a group. With a group, memberships go without an event, but not with a course, which everybody leaves first.
{{ event("group_member", "removed", "d", "groups") }}, p.groupid, 50, COALESCE(g.courseid, o.courseid), COALESCE(g.courseid, o.courseid), p.userid, 'null'
FROM toolsync_log_gone_groups_members p
LEFT JOIN {groups} g ON g.id = p.groupid
LEFT JOIN toolsync_log_gone_groups o ON o.id = p.groupid
LEFT JOIN toolsync_log_gone_course c ON c.id = o.courseid
WHERE g.id IS NOT NULL OR c.id IS NOT NULL ORDER BY p.id;

{{ event("grade", "deleted", "d", "grade_grades", level=1) }}, p.id, 50, COALESCE(i.courseid, o.courseid), COALESCE(i.courseid, o.courseid), p.userid,
  JSON_OBJECT('itemid', p.itemid, 'overridden', JSON_EXTRACT(IF(p.overridden > 0, 'true', 'false'), '$'), 'finalgrade', p.finalgrade)
FROM toolsync_log_gone_grade_grades p
LEFT JOIN {grade_items} i ON i.id = p.itemid
LEFT JOIN toolsync_log_gone_grade_items o ON o.id = p.itemid
WHERE i.id IS NOT NULL OR o.id IS NOT NULL ORDER BY p.id;

{{ event("grade_item", "deleted", "d", "grade_items") }}, i.id, 50, i.courseid, i.courseid, NULL,
  JSON_OBJECT('itemname', i.itemname, 'itemtype', i.itemtype, 'itemmodule', i.itemmodule)
FROM toolsync_log_gone_grade_items i
WHERE i.courseid IS NOT NULL ORDER BY i.id;

{{ event("user_enrolment", "deleted", "d", "user_enrolments") }}, p.id, 50, COALESCE(e.courseid, o.courseid), COALESCE(e.courseid, o.courseid), p.userid,
  JSON_OBJECT('userenrolment', JSON_OBJECT('id', p.id, 'status', p.status, 'enrolid', p.enrolid, 'userid', p.userid, 'timestart', p.timestart,
    'timeend', p.timeend, 'modifierid', p.modifierid, 'timecreated', p.timecreated, 'timemodified', p.timemodified,
    'courseid', COALESCE(e.courseid, o.courseid), 'enrol', COALESCE(e.enrol, o.enrol), 'lastenrol', JSON_EXTRACT(IF(EXISTS (
      SELECT 1 FROM {user_enrolments} s JOIN {enrol} f ON f.id = s.enrolid WHERE s.userid = p.userid AND f.courseid = COALESCE(e.courseid, o.courseid)
    ), 'false', 'true'), '$')), 'enrol', COALESCE(e.enrol, o.enrol))
FROM toolsync_log_gone_user_enrolments p
LEFT JOIN {enrol} e ON e.id = p.enrolid
LEFT JOIN toolsync_log_gone_enrol o ON o.id = p.enrolid
WHERE e.id IS NOT NULL OR o.id IS NOT NULL ORDER BY p.id;
