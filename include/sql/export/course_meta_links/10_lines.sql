-- The courses that courses take their people from: those of the scope are the ones that take.
{% from "export/terms.sql" import unwritable, fault, odd_status, course, in_scope, course_key with context %}
{% import "shared/identify.sql" as named with context %}
{% set faults = [course("c"), course("k"), odd_status("e"),
    fault("EXISTS (SELECT 1 FROM {enrol} twin WHERE twin.courseid = e.courseid AND twin.enrol = 'meta' AND twin.customint1 = e.customint1 AND twin.id <> e.id AND twin.status <> e.status)",
          "", "the courses are linked twice, and one link is disabled")] %}
{% if option.for_another_site %}{% set _ = faults.append(fault("e.status <> 0", "", "a link that is disabled can be changed by a file, not made")) %}{% endif %}
SELECT DISTINCT k.{{ course_key }} AS master, c.{{ course_key }} AS meta, IF(e.status <> 0, 'del', 'add') AS cmd,
       CONCAT(k.shortname, ' in ', c.shortname) AS _thing,
       {{ unwritable(faults) }} AS _faults,
       c.id AS _course, k.id AS _master
  FROM {course} c
  JOIN {enrol} e ON e.courseid = c.id AND e.enrol = 'meta'
  JOIN {course} k ON k.id = e.customint1 AND {{ named.is_course("k") }}
 WHERE {{ in_scope("c") }}
 ORDER BY _course, _master;
