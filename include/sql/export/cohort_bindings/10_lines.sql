-- The cohorts that courses take their people from.
{% from "export/terms.sql" import unwritable, fault, odd_status, course, cohort, in_scope, bearers, course_key, cohort_key with context %}
{% set words = "('1', 'yes', 'y', 'true', 'on', 'oui', '0', 'no', 'n', 'false', 'off', 'non')" %}
{% set faults = [course("c"), cohort("h", "b"), odd_status("e"), fault("ro.id IS NULL", "", "a binding without a role"),
    fault("EXISTS (SELECT 1 FROM {enrol} twin WHERE twin.courseid = e.courseid AND twin.enrol = 'cohort' AND twin.customint1 = e.customint1 AND twin.roleid = e.roleid AND twin.id <> e.id)",
          "", "the cohort is bound to the course several times with this role"),
    fault("gb.n > 1", "makegroup", "several groups of the course have this name"), fault("LOWER(g.name) IN " ~ words, "makegroup", "the name of the group is a word for yes or no"),
    fault("e.enrolenddate <> 0 AND e.enrolenddate < e.enrolstartdate", "enrolstart", "the end is before the beginning"),
    fault("e.enrolenddate <> 0 AND e.enrolenddate < e.enrolstartdate", "enrolend", "the end is before the beginning")] %}
{% if option.for_another_site %}{% set _ = faults.append(fault("e.status <> 0", "", "a binding that is disabled can be changed by a file, not made")) %}{% endif %}
SELECT IF(e.status <> 0, 'del', 'add') AS cmd, h.{{ cohort_key }} AS cohort, c.{{ course_key }} AS course, COALESCE(ro.shortname, '') AS role,
       COALESCE(g.name, '') AS makegroup, COALESCE(e.enrolstartdate, 0) AS enrolstart, COALESCE(e.enrolenddate, 0) AS enrolend,
       CONCAT(h.name, ' in ', c.shortname) AS _thing,
       {{ unwritable(faults) }} AS _faults
  FROM {course} c
  JOIN {enrol} e ON e.courseid = c.id AND e.enrol = 'cohort'
  JOIN {cohort} h ON h.id = e.customint1
  LEFT JOIN {role} ro ON ro.id = e.roleid
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = c.id
  LEFT JOIN {{ bearers("groups", "name", true) }} gb ON gb.courseid = g.courseid AND gb.bearing = g.name COLLATE utf8mb4_bin
{% if cohort_key != "id" %}
  LEFT JOIN {{ bearers("cohort", cohort_key) }} b ON b.bearing = h.{{ cohort_key }} COLLATE utf8mb4_bin
{% endif %}
 WHERE {{ in_scope("c") }}
 ORDER BY c.id, e.id;
