{% from "export/terms.sql" import is_person with context %}
SELECT COUNT(*), 'roles that people have in the whole site and in categories'
  FROM {role_assignments} ra
  JOIN {context} x ON x.id = ra.contextid AND x.contextlevel IN (10, 40)
  JOIN {user} u ON u.id = ra.userid
 WHERE {{ is_person("u") }};
