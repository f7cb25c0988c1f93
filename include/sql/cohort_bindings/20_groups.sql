-- `yes`: a new group with the cohort's name, unless the binding has a group: the first of `name`, `name (2)`, `name (3)` … that is free in the course.
CREATE TEMPORARY TABLE toolsync_free_name (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(254) NOT NULL);

INSERT IGNORE INTO toolsync_free_name (line, name)
SELECT r.line, CONCAT(LEFT(c.name, 248), IF(k.n = 1, '', CONCAT(' (', k.n, ')')))
  FROM toolsync_row r
  JOIN {cohort} c ON c.id = r.cohortid
  JOIN (SELECT t.d * 10 + u.d + 1 AS n
          FROM JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) t
          JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) u) k
  LEFT JOIN {groups} g ON g.courseid = r.courseid AND g.name = CONCAT(LEFT(c.name, 248), IF(k.n = 1, '', CONCAT(' (', k.n, ')')))
  LEFT JOIN toolsync_bound b ON b.line = r.line AND b.groupid IS NOT NULL
 WHERE r.status IS NULL AND r.command = 'add' AND r.newgroup AND g.id IS NULL AND b.line IS NULL
 ORDER BY r.line, k.n;

UPDATE toolsync_row r
  JOIN toolsync_free_name f ON f.line = r.line
   SET r.groupname = f.name;

INSERT INTO toolsync_group_op (line, field, courseid, name)
SELECT r.line, 'makegroup', r.courseid, r.groupname
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.groupname IS NOT NULL;

{% include "shared/create_groups.sql" %}
