{% import "shared/identify.sql" as named with context %}
-- A group by its name: written exactly so, or a new one. None of several is meant.
CREATE TEMPORARY TABLE toolsync_named_same (line INT UNSIGNED NOT NULL PRIMARY KEY, hits INT NOT NULL);

INSERT INTO toolsync_named_same (line, hits)
SELECT r.line, COUNT(*)
  FROM toolsync_row r
  JOIN {groups} g ON g.courseid = r.courseid AND {{ named.exact("g.name", "r.groupname") }}
 WHERE r.status IS NULL AND r.command = 'add' AND r.groupname IS NOT NULL
 GROUP BY r.line
HAVING COUNT(*) > 1;

UPDATE toolsync_row r
  JOIN toolsync_named_same k ON k.line = r.line
   SET r.status = 'failed', r.field = 'makegroup', r.message = CONCAT(k.hits, ' groups of this course have this name');

-- `yes`: a new group with the cohort's name, unless the binding has a group: the first of `name`, `name (2)`, `name (3)` … that is free in the course.
-- MariaDB and MySQL would look for each of the hundred in all groups of the course.
CREATE TEMPORARY TABLE toolsync_name_taken (courseid BIGINT NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (courseid, name));

INSERT IGNORE INTO toolsync_name_taken (courseid, name)
SELECT g.courseid, g.name
  FROM (SELECT DISTINCT r.courseid FROM toolsync_row r WHERE r.status IS NULL AND r.command = 'add' AND r.newgroup) c
  STRAIGHT_JOIN {groups} g {{ by_index("groups", "courseid") }} ON g.courseid = c.courseid;

CREATE TEMPORARY TABLE toolsync_free_name (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(254) NOT NULL);

INSERT IGNORE INTO toolsync_free_name (line, name)
SELECT r.line, CONCAT(LEFT(c.name, 248), IF(k.n = 1, '', CONCAT(' (', k.n, ')')))
  FROM toolsync_row r
  JOIN {cohort} c ON c.id = r.cohortid
  JOIN (SELECT t.d * 10 + u.d + 1 AS n
          FROM JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) t
          JOIN JSON_TABLE('[0,1,2,3,4,5,6,7,8,9]', '$[*]' COLUMNS (d INT PATH '$')) u) k
  LEFT JOIN toolsync_name_taken g ON g.courseid = r.courseid AND g.name = CONCAT(LEFT(c.name, 248), IF(k.n = 1, '', CONCAT(' (', k.n, ')')))
  LEFT JOIN toolsync_bound b ON b.line = r.line AND b.groupid IS NOT NULL
 WHERE r.status IS NULL AND r.command = 'add' AND r.newgroup AND g.courseid IS NULL AND b.line IS NULL
 ORDER BY r.line, k.n;

UPDATE toolsync_row r
  JOIN toolsync_free_name f ON f.line = r.line
   SET r.groupname = f.name;

INSERT INTO toolsync_group_op (line, field, courseid, name)
SELECT r.line, 'makegroup', r.courseid, r.groupname
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.groupname IS NOT NULL;

{% include "shared/create_groups.sql" %}

INSERT INTO toolsync_note (line, field, message)
SELECT o.line, 'makegroup', CONCAT('made the group ', o.name)
  FROM toolsync_group_op o
 WHERE o.status = 'created';
