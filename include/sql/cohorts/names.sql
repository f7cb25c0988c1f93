{# `rows`: the table of the lines, if it is not toolsync_row. Look up each cohort and each category once: a file may have 100,000 lines about one cohort, and cohorts have no index by name. #}
{% import "shared/identify.sql" as named with context %}
{% from "cohorts/terms.sql" import key, named_by, kind, place with context %}
{% set by = option.cohort_id_field %}
{% set rows = rows if rows is defined else "toolsync_row" %}
CREATE TEMPORARY TABLE toolsync_name_meant (
    name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, lowered VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, KEY (lowered)
);
CREATE TEMPORARY TABLE toolsync_cohort_named (
    name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, id BIGINT NULL, matches INT NOT NULL, best TINYINT NOT NULL, KEY (id)
);

INSERT INTO toolsync_name_meant (name, lowered)
SELECT k.name, k.lowered
  FROM (SELECT DISTINCT {{ key }} COLLATE utf8mb4_bin AS name, LOWER({{ key }}) AS lowered FROM {{ rows }} r WHERE {{ key }} <> '') k;

-- Those that the site does not have have no id. Column best: is it written exactly so?
INSERT INTO toolsync_cohort_named (name, id, matches, best)
{% if by == "id" %}
SELECT k.name, c.id, c.id IS NOT NULL, 1
  FROM toolsync_name_meant k
  LEFT JOIN {cohort} c ON {{ named.equal("c", "id", "k.name") }};
{% else %}
{% set exact = named.exact("c." ~ by, "k.name") %}
SELECT k.name, COALESCE(MIN(IF({{ exact }}, c.id, NULL)), MIN(c.id)), COALESCE(NULLIF(SUM({{ exact }}), 0), COUNT(*)), MAX({{ exact }})
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_name_meant k ON k.lowered = LOWER(c.{{ by }}) AND {{ named.same("c." ~ by, "k.name") }}
 GROUP BY k.name;

INSERT IGNORE INTO toolsync_cohort_named (name, matches, best)
SELECT k.name, 0, 0 FROM toolsync_name_meant k;
{% endif %}
{% if named_by %}

-- The contexts of categories, and of the site. The best of what a value names counts: a path or an id before an idnumber, exact writing before letter case.
CREATE TEMPORARY TABLE toolsync_place_meant (
    kind VARCHAR(10) NOT NULL, value VARCHAR(700) COLLATE utf8mb4_bin NOT NULL, lowered VARCHAR(700) COLLATE utf8mb4_bin NOT NULL, levels INT NOT NULL, number BIGINT NOT NULL,
    PRIMARY KEY (kind, value), KEY (lowered)
);
CREATE TEMPORARY TABLE toolsync_place_fits (
    kind VARCHAR(10) NOT NULL, value VARCHAR(700) COLLATE utf8mb4_bin NOT NULL, categoryid BIGINT NOT NULL, best TINYINT NOT NULL, KEY (categoryid)
);
CREATE TEMPORARY TABLE toolsync_place_found (
    kind VARCHAR(10) NOT NULL, value VARCHAR(700) COLLATE utf8mb4_bin NOT NULL, contextid BIGINT NOT NULL, matches INT NOT NULL, best TINYINT NOT NULL,
    PRIMARY KEY (kind, value)
);

INSERT IGNORE INTO toolsync_place_meant (kind, value, lowered, levels, number)
SELECT k.kind, k.value, k.lowered, (CHAR_LENGTH(k.value) - CHAR_LENGTH(REPLACE(k.value, ' / ', ''))) DIV 3 + 1,
       IF(k.value REGEXP '^[1-9][0-9]{0,17}$', CAST(k.value AS UNSIGNED), 0)
  FROM (SELECT DISTINCT {{ kind() }} AS kind, {{ place() }} COLLATE utf8mb4_bin AS value, LOWER({{ place() }}) AS lowered FROM {{ rows }} r) k
 WHERE k.value <> '';
{% if given("ccatcontext") or given("category") %}

INSERT INTO toolsync_place_fits (kind, value, categoryid, best)
SELECT k.kind, k.value, c.id, 3
  FROM toolsync_place_meant k
  JOIN {course_categories} c ON c.id = k.number
 WHERE k.kind IN ('id', 'any');
{% endif %}
{% if given("ccatcontextidnumber") or given("category") %}

INSERT INTO toolsync_place_fits (kind, value, categoryid, best)
SELECT k.kind, k.value, c.id, IF({{ named.exact("c.idnumber", "k.value") }}, 2, 0)
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_place_meant k ON k.lowered = LOWER(c.idnumber) AND {{ named.same("c.idnumber", "k.value") }}
 WHERE k.kind IN ('idnumber', 'any') AND k.number = IF(k.kind = 'any', 0, k.number);
{% endif %}
{% if given("category_path") or given("category") %}

INSERT INTO toolsync_place_fits (kind, value, categoryid, best)
WITH RECURSIVE walk AS (
    SELECT k.kind, k.value, k.levels, 1 AS level, c.id, {{ named.exact("c.name", "SUBSTRING_INDEX(k.value, ' / ', 1)") }} AS best
      FROM toolsync_place_meant k
      JOIN {course_categories} c ON c.parent = 0 AND {{ named.same("c.name", "SUBSTRING_INDEX(k.value, ' / ', 1)") }}
     WHERE k.kind IN ('path', 'any')
       AND ({{ named.exact("c.name", "SUBSTRING_INDEX(k.value, ' / ', 1)") }}
            OR NOT EXISTS (SELECT 1 FROM {course_categories} x WHERE x.parent = 0 AND {{ named.exact("x.name", "SUBSTRING_INDEX(k.value, ' / ', 1)") }}))
     UNION ALL
    SELECT w.kind, w.value, w.levels, w.level + 1, c.id,
           w.best AND {{ named.exact("c.name", "SUBSTRING_INDEX(SUBSTRING_INDEX(w.value, ' / ', w.level + 1), ' / ', -1)") }}
      FROM walk w
      JOIN {course_categories} c ON c.parent = w.id
                                AND {{ named.same("c.name", "SUBSTRING_INDEX(SUBSTRING_INDEX(w.value, ' / ', w.level + 1), ' / ', -1)") }}
     WHERE w.level < w.levels
       AND ({{ named.exact("c.name", "SUBSTRING_INDEX(SUBSTRING_INDEX(w.value, ' / ', w.level + 1), ' / ', -1)") }}
            OR NOT EXISTS (SELECT 1 FROM {course_categories} x
                            WHERE x.parent = w.id AND {{ named.exact("x.name", "SUBSTRING_INDEX(SUBSTRING_INDEX(w.value, ' / ', w.level + 1), ' / ', -1)") }}))
)
SELECT w.kind, w.value, w.id, IF(w.best, 4, 1) FROM walk w WHERE w.level = w.levels;
{% endif %}

INSERT INTO toolsync_place_found (kind, value, contextid, matches, best)
SELECT f.kind, f.value, x.id, 1, f.best
  FROM toolsync_place_fits f
  JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = f.categoryid
    ON DUPLICATE KEY UPDATE {{ named.better("toolsync_place_found", "contextid", "matches", "best") }};

INSERT INTO toolsync_place_found (kind, value, contextid, matches, best)
SELECT k.kind, k.value, x.id, 1, 4
  FROM toolsync_place_meant k
  JOIN {context} x ON x.contextlevel = 10 AND x.instanceid = 0
 WHERE k.kind = 'id' AND k.value = '0';
{% if given("contextid") %}

INSERT INTO toolsync_place_found (kind, value, contextid, matches, best)
SELECT k.kind, k.value, x.id, 1, 4
  FROM toolsync_place_meant k
  JOIN {context} x ON x.id = k.number AND x.contextlevel IN (10, 40)
 WHERE k.kind = 'context';
{% endif %}
{% endif %}
