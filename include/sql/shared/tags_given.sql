-- The tags of each line in order, cleaned as Moodle cleans tag names: toolsync_tag. If one is given twice in different letter case, the last spelling counts.
-- The site keeps one of several tags that look alike to its collation: the first one of the line. The others are in toolsync_tag_alike.
-- `column`: the column of toolsync_row that lists them.
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_spelled;
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_alike;
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_place;
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_lowered;
CREATE TEMPORARY TABLE toolsync_tag_lowered (rawname VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, name VARCHAR(510) COLLATE utf8mb4_bin NOT NULL);
CREATE TEMPORARY TABLE toolsync_tag_spelled (
    line INT UNSIGNED NOT NULL, name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, rawname VARCHAR(255) NOT NULL, place INT NOT NULL, PRIMARY KEY (line, name)
);
CREATE TEMPORARY TABLE toolsync_tag (
    line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, place INT NOT NULL, tagid BIGINT NULL,
    PRIMARY KEY (line, name), KEY (name)
);
CREATE TEMPORARY TABLE toolsync_tag_alike (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, KEY (line));
CREATE TEMPORARY TABLE toolsync_tag_place (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, place INT NOT NULL, PRIMARY KEY (line, name));

{% macro given_tags() -%}
(SELECT r.line, t.place, LEFT(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(LEFT(t.tag, 1000), '[[:cntrl:]<>`]', ''), '[[:space:]]+', ' ')), {{ tag_characters() }}) AS rawname
          FROM toolsync_row r
          JOIN JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(r.{{ column }}), ',', '","'), ']'),
                          '$[*]' COLUMNS (place FOR ORDINALITY, tag LONGTEXT PATH '$')) t
         WHERE {{ caller() }})
{%- endmacro %}
-- The server's small letters are not Moodle's beyond ASCII.
-- python: small_letters INTO toolsync_tag_lowered
SELECT DISTINCT g.rawname COLLATE utf8mb4_bin, g.rawname
  FROM {% call given_tags() %}LENGTH(r.{{ column }}) <> CHAR_LENGTH(r.{{ column }}){% endcall %} g
 WHERE LENGTH(g.rawname) <> CHAR_LENGTH(g.rawname);

INSERT INTO toolsync_tag_spelled (line, name, rawname, place)
SELECT g.line, LEFT(COALESCE(l.name, LOWER(g.rawname) COLLATE utf8mb4_bin), 255), SUBSTRING_INDEX(GROUP_CONCAT(g.rawname ORDER BY g.place SEPARATOR '<'), '<', -1), MIN(g.place)
  FROM {% call given_tags() %}r.{{ column }} <> ''{% endcall %} g
  LEFT JOIN toolsync_tag_lowered l ON l.rawname = g.rawname COLLATE utf8mb4_bin
 WHERE g.rawname <> ''
 GROUP BY g.line, LEFT(COALESCE(l.name, LOWER(g.rawname) COLLATE utf8mb4_bin), 255);

INSERT IGNORE INTO toolsync_tag (line, name, rawname, place)
SELECT s.line, s.name, s.rawname, ROW_NUMBER() OVER (PARTITION BY s.line ORDER BY s.place) - 1
  FROM toolsync_tag_spelled s
 ORDER BY s.line, s.place;

INSERT INTO toolsync_tag_alike (line, name, rawname)
SELECT s.line, s.name, s.rawname
  FROM toolsync_tag_spelled s
  LEFT JOIN toolsync_tag g ON g.line = s.line AND g.name = s.name
 WHERE g.line IS NULL;

INSERT INTO toolsync_tag_place (line, name, place)
SELECT g.line, g.name, ROW_NUMBER() OVER (PARTITION BY g.line ORDER BY g.place) - 1
  FROM (SELECT DISTINCT a.line FROM toolsync_tag_alike a) a
  JOIN toolsync_tag g ON g.line = a.line;

UPDATE toolsync_tag g
  JOIN toolsync_tag_place p ON p.line = g.line AND p.name = g.name
   SET g.place = p.place;
