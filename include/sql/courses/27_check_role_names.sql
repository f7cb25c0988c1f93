-- Names that roles have in the course: `role_student` and its like, as in Moodle's own upload.
{% if given_any("role_*") %}
{% import "shared/identify.sql" as named with context %}

CREATE TEMPORARY TABLE toolsync_role_column (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, roleid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_role_column (name, roleid)
SELECT n.name, ro.id
  FROM (SELECT DISTINCT c.name COLLATE utf8mb4_bin AS name FROM toolsync_cell c WHERE c.family = 'role_*') n
  JOIN {role} ro ON {{ named.same("ro.shortname", "n.name") }}
 ORDER BY n.name, ro.shortname <> n.name;

DELETE FROM toolsync_fault;

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT t.line, CONCAT(c.field, '|', IF(f.roleid IS NULL, 'no role has this shortname', 'expected at most 255 characters'))
  FROM toolsync_course t
  JOIN toolsync_cell c ON c.line = t.line AND c.family = 'role_*' AND c.value <> ''
  LEFT JOIN toolsync_role_column f ON f.name = c.name
 WHERE f.roleid IS NULL OR CHAR_LENGTH(c.value) > 255;

{% include "shared/faults.sql" %}

{% include "courses/drop_failed.sql" %}
{% endif %}
