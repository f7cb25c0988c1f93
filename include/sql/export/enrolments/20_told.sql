{% from "export/terms.sql" import is_person, in_scope with context %}
SELECT COUNT(*), CONCAT('enrolments by ', e.enrol, ', which follow their ', IF(e.enrol = 'meta', 'course (toolsync_course_meta_links)', 'cohort (toolsync_cohort_bindings)'))
  FROM {course} c
  JOIN {enrol} e ON e.courseid = c.id AND e.enrol IN ('meta', 'cohort')
  JOIN {user_enrolments} ue ON ue.enrolid = e.id
  JOIN {user} u ON u.id = ue.userid
 WHERE {{ in_scope("c") }}
   AND {{ is_person("u") }}
 GROUP BY e.enrol;
