{% from "export/terms.sql" import is_person, in_scope with context %}
SELECT COUNT(*), CONCAT('memberships that ', m.component, ' made, which come and go with it')
  FROM {course} c
  JOIN {groups} g ON g.courseid = c.id
  JOIN {groups_members} m ON m.groupid = g.id AND m.component NOT IN ('', 'tool_sync')
  JOIN {user} u ON u.id = m.userid
 WHERE {{ in_scope("c") }}
   AND {{ is_person("u") }}
 GROUP BY m.component;
