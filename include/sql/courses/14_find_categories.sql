-- Find the category that each line names, for new courses and for those that may move.
{% set by = option.category_id_field %}
{% set default = option.default_category or "" %}
{% from "shared/literal.sql" import literal %}
{% from "courses/fields.sql" import inner_slash, written with context %}

{% import "shared/identify.sql" as named with context %}
-- `lowered`: the value as the file writes it, in small letters.
CREATE TEMPORARY TABLE toolsync_wish (
    line INT UNSIGNED NOT NULL PRIMARY KEY, field VARCHAR(20) NOT NULL, kind VARCHAR(10) NOT NULL, value VARCHAR(750) COLLATE utf8mb4_bin NOT NULL,
    lowered VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, first INT UNSIGNED NULL, categoryid BIGINT NULL, KEY (value), KEY (lowered), KEY (first)
);

INSERT INTO toolsync_wish (line, field, kind, value, lowered)
SELECT w.line, w.field, w.kind, w.value, LOWER(w.value)
  FROM (SELECT r.line,
               CASE WHEN r.category <> '' THEN 'category' WHEN r.category_idnumber <> '' THEN 'category_idnumber' WHEN r.category_path <> '' THEN 'category_path'
                    ELSE 'category' END AS field,
               CASE WHEN r.category <> '' THEN '{{ by }}' WHEN r.category_idnumber <> '' THEN 'idnumber' WHEN r.category_path <> '' THEN 'path'
                    ELSE '{{ by }}' END AS kind,
               COALESCE(NULLIF(r.category, ''), NULLIF(r.category_idnumber, ''), NULLIF(r.category_path, ''), {{ literal(default.strip()) }}) AS value
          FROM toolsync_row r
         WHERE r.status IS NULL
           AND (r.courseid IS NULL OR r.backup = 1{{ " OR r.category <> '' OR r.category_idnumber <> '' OR r.category_path <> ''" if not option.protect_category }})) w;

DELETE FROM toolsync_wish WHERE value = '';
{% if option.force_update and option.protect_category %}

{% with param="protect_category", refused="on", columns=[] %}{% include "courses/differs.sql" %}{% endwith %}
{% endif %}

-- Names are separated by ` / `. Older files separate them by a plain slash, which may also be part of a name. A slash behind a backslash is part of a name:
-- until the names are separated, the control character 1 stands for it, and afterwards where it has spaces around it.
UPDATE toolsync_wish w SET w.value = REPLACE(w.value, '\\/', {{ inner_slash }}) WHERE w.kind = 'path' AND w.value LIKE '%\\\\/%';

CREATE TEMPORARY TABLE toolsync_slash_name (name VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_slash_name (name)
SELECT w.lowered
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_wish w ON w.lowered = LOWER(c.name)
 WHERE c.parent = 0 AND c.name LIKE '%/%' AND w.kind = 'path' AND w.value NOT LIKE '% / %';

UPDATE toolsync_wish w
  LEFT JOIN toolsync_slash_name c ON c.name = w.lowered
   SET w.value = TRIM(REGEXP_REPLACE(TRIM(BOTH '/' FROM w.value), '(?:(?<![[:space:]])[[:space:]]+)?/[[:space:]]*', ' / '))
 WHERE w.kind = 'path' AND w.value LIKE '%/%' AND w.value NOT LIKE '% / %' AND c.name IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line
   SET r.status = 'failed', r.field = w.field, r.message = 'a category in this path has no name'
 WHERE w.kind = 'path' AND (w.value = '' OR w.value REGEXP '(^|[[:space:]])/[[:space:]]+/([[:space:]]|$)|^/[[:space:]]|[[:space:]]/$');

UPDATE toolsync_wish
   SET value = REGEXP_REPLACE(value, '(?<![[:space:]])[[:space:]]+/[[:space:]]+', ' / ')
 WHERE kind = 'path' AND value LIKE '% / %';

UPDATE toolsync_wish
   SET value = REPLACE({{ written("REPLACE(value, _utf8mb4 x'200120', _utf8mb4 x'200220')") }}, _utf8mb4 x'02', {{ inner_slash }})
 WHERE kind = 'path' AND INSTR(value, {{ inner_slash }}) > 0;

-- Every path once, with its first line; and every category of every path, with its level. `path`: as the file writes it, `lowered`: in small letters,
-- `stands`: as the site writes it, `makes`: whether it is created, and not another path that differs in letter case alone,
-- `standing`: id of the deepest category above it that is there; 0: none.
CREATE TEMPORARY TABLE toolsync_path (
    value VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, levels INT NOT NULL, categoryid BIGINT NULL, KEY (line)
);
CREATE TEMPORARY TABLE toolsync_level (n INT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_category (
    path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, parentpath VARCHAR(750) COLLATE utf8mb4_bin NOT NULL,
    lowered VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, name VARCHAR(750) NOT NULL, level INT NOT NULL,
    line INT UNSIGNED NOT NULL, categoryid BIGINT NULL, hits INT NOT NULL DEFAULT 0, stands VARCHAR(750) COLLATE utf8mb4_bin NULL, makes TINYINT NOT NULL DEFAULT 0,
    standing BIGINT NOT NULL DEFAULT 0, KEY (parentpath), KEY (lowered), KEY (line)
);

{% include "courses/category_paths.sql" %}

{% set exact = named.exact("c.name", "n.name") %}
CREATE TEMPORARY TABLE toolsync_category_found (
    path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, categoryid BIGINT NOT NULL, exact TINYINT NOT NULL, stands VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, KEY (path)
);

-- The site's categories that are called like one of these, wherever they stand: where one is written exactly so, only that; otherwise what differs in letter case alone.
CREATE TEMPORARY TABLE toolsync_category_name (
    name VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(750) NOT NULL, lowered VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, KEY (lowered)
);
CREATE TEMPORARY TABLE toolsync_category_named (
    parent BIGINT NOT NULL, name VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, id BIGINT NOT NULL, exact TINYINT NOT NULL, stands VARCHAR(255) NOT NULL,
    KEY (name, parent)
);

INSERT IGNORE INTO toolsync_category_name (name, looks, lowered)
SELECT p.name, p.name, LOWER(p.name COLLATE utf8mb4_bin) FROM toolsync_category p;

INSERT INTO toolsync_category_named (parent, name, id, exact, stands)
SELECT k.parent, k.name, k.id, k.exact, k.stands
  FROM (SELECT c.parent, n.name, c.id, {{ exact }} AS exact, c.name AS stands, MAX({{ exact }}) OVER (PARTITION BY n.name, c.parent) AS best
          FROM {course_categories} c
          STRAIGHT_JOIN toolsync_category_name n ON n.lowered = LOWER(c.name COLLATE utf8mb4_bin) AND c.name = n.looks AND {{ named.same("c.name", "n.name") }}) k
 WHERE k.exact = k.best;

-- Level by level.
INSERT INTO toolsync_category_found (path, categoryid, exact, stands)
WITH RECURSIVE found (path, id, exact, stands) AS (
    SELECT CAST('' AS CHAR(750)) COLLATE utf8mb4_bin, CAST(0 AS SIGNED), 1, CAST('' AS CHAR(2000)) COLLATE utf8mb4_bin
     UNION ALL
    SELECT p.path, c.id, f.exact AND c.exact, CONCAT(f.stands, IF(f.stands = '', '', ' / '), c.stands)
      FROM found f
      JOIN toolsync_category p ON p.parentpath = f.path
      JOIN toolsync_category_named c ON c.name = p.name AND c.parent = f.id
)
SELECT path, id, exact, LEFT(stands, 750) FROM found WHERE id <> 0;

UPDATE toolsync_category p
  JOIN (SELECT f.path, COALESCE(MIN(IF(f.exact, f.categoryid, NULL)), MIN(f.categoryid)) AS id, COALESCE(NULLIF(SUM(f.exact), 0), COUNT(*)) AS hits,
               IF(SUM(f.exact), f.path, MIN(f.stands)) AS stands
          FROM toolsync_category_found f
         GROUP BY f.path) f ON f.path = p.path
   SET p.categoryid = IF(f.hits = 1, f.id, NULL), p.hits = f.hits, p.stands = f.stands;

CREATE TEMPORARY TABLE toolsync_bad_path (line INT UNSIGNED NOT NULL PRIMARY KEY, message TEXT NOT NULL);

{% include "courses/path_ids.sql" %}

-- One that is there is found, whatever stands above it.
INSERT IGNORE INTO toolsync_bad_path (line, message)
SELECT u.line, IF(p.hits > 1, CONCAT(p.hits, ' categories have the path ', {{ written("p.path") }}), 'a category name has at most 255 characters')
  FROM toolsync_path u
  JOIN toolsync_level n ON n.n <= u.levels
  STRAIGHT_JOIN toolsync_category p ON p.path = SUBSTRING_INDEX(u.value, ' / ', n.n)
 WHERE u.categoryid IS NULL AND (p.hits > 1 OR CHAR_LENGTH(p.name) > 255)
 ORDER BY u.line, n.n DESC;

UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line
  JOIN toolsync_bad_path b ON b.line = w.first
   SET r.status = 'failed', r.field = w.field, r.message = b.message
 WHERE r.status IS NULL AND w.kind = 'path';

{% if by == "path" %}

-- An id, as files for Moodle's own upload have it, is no name of a new category.
UPDATE toolsync_row r
  JOIN toolsync_wish w ON w.line = r.line AND w.field = 'category' AND w.categoryid IS NULL AND w.value REGEXP '^[0-9]+$'
   SET r.status = 'failed', r.field = 'category', r.message = CONCAT('no category is called ', w.value, '; if it is an id, set Param category_id_field to id')
 WHERE r.status IS NULL;
{% endif %}

CREATE TEMPORARY TABLE toolsync_wish_found (line INT UNSIGNED NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL, hits INT NOT NULL);
CREATE TEMPORARY TABLE toolsync_wish_alike (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL);

{% if by == "idnumber" or given("category_idnumber") %}
-- Idnumbers of categories have no index: read them once.
{% set exact = named.exact("c.idnumber", "w.value") %}
INSERT INTO toolsync_wish_found (line, categoryid, hits)
SELECT w.line, COALESCE(MIN(IF({{ exact }}, c.id, NULL)), MIN(c.id)), COALESCE(NULLIF(SUM({{ exact }}), 0), COUNT(*))
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_wish w ON w.lowered = LOWER(c.idnumber)
 WHERE w.kind = 'idnumber' AND c.idnumber <> ''
 GROUP BY w.line;

CREATE TEMPORARY TABLE toolsync_wish_lost (line INT UNSIGNED NOT NULL PRIMARY KEY, value VARCHAR(100) NOT NULL, KEY (value));

INSERT INTO toolsync_wish_lost (line, value)
SELECT w.line, w.value
  FROM toolsync_wish w
  LEFT JOIN toolsync_wish_found c ON c.line = w.line
 WHERE w.kind = 'idnumber' AND c.line IS NULL AND CHAR_LENGTH(w.value) <= 100;

INSERT IGNORE INTO toolsync_wish_alike (line, name)
SELECT w.line, c.idnumber
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_wish_lost w ON w.value = c.idnumber
 WHERE c.idnumber <> ''
 ORDER BY c.id;

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
  LEFT JOIN toolsync_wish_found c ON c.line = w.line
  LEFT JOIN toolsync_wish_alike a ON a.line = w.line
   SET r.status = 'failed', r.field = w.field,
       r.message = IF(c.hits > 1, CONCAT(c.hits, ' categories have this ', w.kind),
                      CONCAT('no category has this ', w.kind, COALESCE(CONCAT(', only ', a.name, ', which looks like it'), '')))
 WHERE r.status IS NULL;
