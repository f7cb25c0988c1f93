-- The people in groups, except those whom an enrolment method puts there.
{% from "export/terms.sql" import unwritable, fault, is_person, person, course, group, in_scope, bearers, user_key, course_key, group_key with context %}
{% set not_enrolled = "NOT EXISTS (SELECT 1 FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE ue.userid = m.userid AND e.courseid = c.id)" %}
SELECT c.{{ course_key }} AS courseid, g.{{ group_key }} AS groupid, u.{{ user_key }} AS userid,
       CONCAT(u.username, ' in ', g.name, ' of ', c.shortname) AS _thing,
       {{ unwritable([person("u"), course("c"), group("g", "b"), fault(not_enrolled, "", "the person is not enrolled in the course")]) }} AS _faults
  FROM {course} c
  JOIN {groups} g ON g.courseid = c.id
  JOIN {groups_members} m ON m.groupid = g.id AND m.component IN ('', 'tool_sync')
  JOIN {user} u ON u.id = m.userid
{% if group_key != "id" %}
  LEFT JOIN {{ bearers("groups", group_key, true) }} b ON b.courseid = g.courseid AND b.bearing = g.{{ group_key }} COLLATE utf8mb4_bin
{% endif %}
 WHERE {{ in_scope("c") }}
   AND {{ is_person("u") }}
 ORDER BY c.id, g.id, m.id;
