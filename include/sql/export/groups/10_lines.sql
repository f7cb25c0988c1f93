-- The groupings; then the groups, a line for each grouping that one is in.
{% from "export/terms.sql" import unwritable, fault, course, in_scope, bearers, course_key with context %}
{% set visibility = site_has("groups", "visibility") %}
SELECT c.{{ course_key }} AS courseid, 'grouping' AS type, k.name, COALESCE(k.idnumber, '') AS idnumber, COALESCE(k.description, '') AS description,
       {{ "'' AS visibility, '' AS participation, " if visibility }}'' AS groupingname,
       CONCAT('grouping ', k.name, ' of ', c.shortname) AS _thing,
       {{ unwritable([course("c"), fault("k.name = ''", "", "the grouping has no name"), fault("b.n > 1", "", "several groupings of the course have this name")]) }} AS _faults
  FROM {course} c
  JOIN {groupings} k ON k.courseid = c.id
  LEFT JOIN {{ bearers("groupings", "name", true) }} b ON b.courseid = k.courseid AND b.bearing = k.name COLLATE utf8mb4_bin
 WHERE {{ in_scope("c") }}
 ORDER BY c.id, k.id;

SELECT c.{{ course_key }} AS courseid, 'group' AS type, g.name, COALESCE(g.idnumber, '') AS idnumber, COALESCE(g.description, '') AS description,
       {{ "g.visibility, g.participation, " if visibility }}COALESCE(k.name, '') AS groupingname,
       CONCAT(g.name, ' of ', c.shortname) AS _thing,
       {{ unwritable([course("c"), fault("g.name = ''", "", "the group has no name"), fault("b.n > 1", "", "several groups of the course have this name"),
                      fault("kb.n > 1", "groupingname", "several groupings of the course have this name"),
                      fault("k.name = ''", "groupingname", "the grouping has no name")]) }} AS _faults
  FROM {course} c
  JOIN {groups} g ON g.courseid = c.id
  LEFT JOIN {groupings_groups} gg ON gg.groupid = g.id
  LEFT JOIN {groupings} k ON k.id = gg.groupingid
  LEFT JOIN {{ bearers("groups", "name", true) }} b ON b.courseid = g.courseid AND b.bearing = g.name COLLATE utf8mb4_bin
  LEFT JOIN {{ bearers("groupings", "name", true) }} kb ON kb.courseid = k.courseid AND kb.bearing = k.name COLLATE utf8mb4_bin
 WHERE {{ in_scope("c") }}
 ORDER BY c.id, g.id, k.id;
