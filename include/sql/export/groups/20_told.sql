{% from "export/terms.sql" import in_scope with context %}
SELECT COUNT(*), 'enrolment keys of groups, which are secrets'
  FROM {course} c
  JOIN {groups} g ON g.courseid = c.id AND g.enrolmentkey <> ''
 WHERE {{ in_scope("c") }};
