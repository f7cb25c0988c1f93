-- Find the category that each line names, for new courses and for those that may move.
{% set by = option.category_id_field %}
{% set default = option.default_category or "" %}
{% from "shared/literal.sql" import literal %}

CREATE TEMPORARY TABLE toolsync_wish (
    line INT UNSIGNED NOT NULL PRIMARY KEY, field VARCHAR(20) NOT NULL, kind VARCHAR(10) NOT NULL, value VARCHAR(750) NOT NULL,
    first INT UNSIGNED NULL, categoryid BIGINT NULL, KEY (value), KEY (first)
);

INSERT INTO toolsync_wish (line, field, kind, value)
SELECT r.line,
       CASE WHEN r.category <> '' THEN 'category' WHEN r.category_idnumber <> '' THEN 'category_idnumber' WHEN r.category_path <> '' THEN 'category_path'
            ELSE 'category' END,
       CASE WHEN r.category <> '' THEN '{{ by }}' WHEN r.category_idnumber <> '' THEN 'idnumber' WHEN r.category_path <> '' THEN 'path'
            ELSE '{{ by }}' END,
       COALESCE(NULLIF(r.category, ''), NULLIF(r.category_idnumber, ''), NULLIF(r.category_path, ''), {{ literal(default.strip()) }})
  FROM toolsync_row r
 WHERE r.status IS NULL
   AND (r.courseid IS NULL OR r.backup = 1{{ " OR r.category <> '' OR r.category_idnumber <> '' OR r.category_path <> ''" if not option.protect_category }});

DELETE FROM toolsync_wish WHERE value = '';

-- Names are separated by ` / `. Older files separate them by a plain slash, which may also be part of a name.
CREATE TEMPORARY TABLE toolsync_slash_name (name VARCHAR(750) NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_slash_name (name)
SELECT w.value
  FROM toolsync_wish w
  JOIN {course_categories} c ON c.parent = 0 AND c.name = w.value
 WHERE w.kind = 'path' AND w.value LIKE '%/%' AND w.value NOT LIKE '% / %';

UPDATE toolsync_wish w
  LEFT JOIN toolsync_slash_name c ON c.name = w.value
   SET w.value = TRIM(REGEXP_REPLACE(TRIM(BOTH '/' FROM w.value), '[[:space:]]*/[[:space:]]*', ' / '))
 WHERE w.kind = 'path' AND w.value LIKE '%/%' AND w.value NOT LIKE '% / %' AND c.name IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line
   SET r.status = 'failed', r.field = w.field, r.message = 'a category in this path has no name'
 WHERE w.kind = 'path' AND (w.value = '' OR w.value REGEXP '(^|[[:space:]])/[[:space:]]+/([[:space:]]|$)|^/[[:space:]]|[[:space:]]/$');

UPDATE toolsync_wish
   SET value = REGEXP_REPLACE(value, '[[:space:]]+/[[:space:]]+', ' / ')
 WHERE kind = 'path' AND value LIKE '% / %';

-- Every path once, with its first line; and every category of every path, with its level.
CREATE TEMPORARY TABLE toolsync_path (value VARCHAR(750) NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, levels INT NOT NULL, categoryid BIGINT NULL, KEY (line));
CREATE TEMPORARY TABLE toolsync_level (n INT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_category (
    path VARCHAR(750) NOT NULL PRIMARY KEY, parentpath VARCHAR(750) NOT NULL, name VARCHAR(750) NOT NULL, level INT NOT NULL,
    line INT UNSIGNED NOT NULL, categoryid BIGINT NULL, hits INT NOT NULL DEFAULT 0,
    KEY (parentpath), KEY (line)
);

{% include "courses/category_paths.sql" %}

CREATE TEMPORARY TABLE toolsync_category_found (path VARCHAR(750) NOT NULL, categoryid BIGINT NOT NULL, KEY (path));

INSERT INTO toolsync_category_found (path, categoryid)
WITH RECURSIVE found (path, id) AS (
    SELECT CAST('' AS CHAR(750)), CAST(0 AS SIGNED)
     UNION ALL
    SELECT p.path, c.id
      FROM found f
      JOIN toolsync_category p ON p.parentpath = f.path
      JOIN {course_categories} c ON c.parent = f.id AND c.name = p.name
)
SELECT path, id FROM found WHERE id <> 0;

UPDATE toolsync_category p
  JOIN (SELECT f.path, MIN(f.categoryid) AS id, COUNT(*) AS hits FROM toolsync_category_found f GROUP BY f.path) f ON f.path = p.path
   SET p.categoryid = f.id, p.hits = f.hits;

CREATE TEMPORARY TABLE toolsync_bad_path (line INT UNSIGNED NOT NULL PRIMARY KEY, message TEXT NOT NULL);

INSERT IGNORE INTO toolsync_bad_path (line, message)
SELECT u.line, IF(p.hits > 1, CONCAT(p.hits, ' categories have the path ', p.path), 'a category name has at most 255 characters')
  FROM toolsync_path u
  JOIN toolsync_level n ON n.n <= u.levels
  STRAIGHT_JOIN toolsync_category p ON p.path = SUBSTRING_INDEX(u.value, ' / ', n.n)
 WHERE p.hits > 1 OR CHAR_LENGTH(p.name) > 255;

UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line
  JOIN toolsync_bad_path b ON b.line = w.first
   SET r.status = 'failed', r.field = w.field, r.message = b.message
 WHERE r.status IS NULL;

{% include "courses/path_ids.sql" %}

CREATE TEMPORARY TABLE toolsync_wish_found (line INT UNSIGNED NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL, hits INT NOT NULL);

{% if by == "idnumber" or given("category_idnumber") %}
INSERT INTO toolsync_wish_found (line, categoryid, hits)
SELECT w.line, MIN(c.id), COUNT(*)
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_wish w ON w.value = c.idnumber
 WHERE w.kind = 'idnumber' AND c.idnumber <> ''
 GROUP BY w.line;

{% endif %}
{% if by == "id" %}
INSERT INTO toolsync_wish_found (line, categoryid, hits)
SELECT w.line, c.id, 1
  FROM toolsync_wish w
  JOIN {course_categories} c ON c.id = IF(w.value REGEXP '^[0-9]{1,18}$', CAST(w.value AS UNSIGNED), 0)
 WHERE w.kind = 'id';

{% endif %}
UPDATE toolsync_wish w
  JOIN toolsync_wish_found c ON c.line = w.line
   SET w.categoryid = IF(c.hits = 1, c.categoryid, NULL);

UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line AND w.kind <> 'path' AND w.categoryid IS NULL
   SET r.status = 'failed', r.field = w.field, r.message = CONCAT('no category has this ', w.kind)
 WHERE r.status IS NULL;
