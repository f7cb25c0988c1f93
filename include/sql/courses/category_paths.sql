{% from "courses/fields.sql" import levels, written with context %}
DELETE FROM toolsync_path;

INSERT INTO toolsync_path (value, line, levels)
SELECT w.value, MIN(w.line), {{ levels("w.value") }}
  FROM toolsync_wish w
  JOIN toolsync_row r ON r.line = w.line AND r.status IS NULL
 WHERE w.kind = 'path' AND w.categoryid IS NULL
 GROUP BY w.value;

UPDATE toolsync_wish w
  JOIN toolsync_path u ON u.value = w.value
   SET w.first = u.line
 WHERE w.kind = 'path';

DELETE FROM toolsync_level;

INSERT INTO toolsync_level (n)
SELECT n.n FROM toolsync_number n JOIN (SELECT MAX(u.levels) AS most FROM toolsync_path u) u ON n.n BETWEEN 1 AND u.most;

INSERT IGNORE INTO toolsync_category (path, parentpath, lowered, name, level, line)
SELECT SUBSTRING_INDEX(w.value, ' / ', n.n), IF(n.n = 1, '', SUBSTRING_INDEX(w.value, ' / ', n.n - 1)), LOWER(SUBSTRING_INDEX(w.value, ' / ', n.n)),
       {{ written("SUBSTRING_INDEX(SUBSTRING_INDEX(w.value, ' / ', n.n), ' / ', -1)") }}, n.n, w.line
  FROM toolsync_path u
  JOIN toolsync_wish w ON w.line = u.line
  JOIN toolsync_level n ON n.n <= u.levels
 ORDER BY w.line, n.n;
