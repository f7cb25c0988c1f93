-- The tags of each line in order, cleaned as Moodle cleans tag names: toolsync_tag. If one is given twice in different letter case, the last spelling counts.
-- The site keeps one of several tags that look alike to its collation: the first one of the line. The others are in toolsync_tag_alike.
-- `column`: the column of toolsync_row that lists them.
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_spelled;
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_alike;
DROP TEMPORARY TABLE IF EXISTS toolsync_tag_place;
CREATE TEMPORARY TABLE toolsync_tag_spelled (
    line INT UNSIGNED NOT NULL, name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, rawname VARCHAR(255) NOT NULL, place INT NOT NULL, PRIMARY KEY (line, name)
);
CREATE TEMPORARY TABLE toolsync_tag (
    line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, place INT NOT NULL, tagid BIGINT NULL,
    PRIMARY KEY (line, name), KEY (name)
);
CREATE TEMPORARY TABLE toolsync_tag_alike (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, KEY (line));
CREATE TEMPORARY TABLE toolsync_tag_place (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, place INT NOT NULL, PRIMARY KEY (line, name));

INSERT INTO toolsync_tag_spelled (line, name, rawname, place)
SELECT g.line, LOWER(g.rawname) COLLATE utf8mb4_bin, SUBSTRING_INDEX(GROUP_CONCAT(g.rawname ORDER BY g.place SEPARATOR '<'), '<', -1), MIN(g.place)
  FROM (SELECT r.line, t.place, LEFT(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(LEFT(t.tag, 1000), '[[:cntrl:]<>`]', ''), '[[:space:]]+', ' ')), 50) AS rawname
          FROM toolsync_row r
          JOIN JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(r.{{ column }}), ',', '","'), ']'),
                          '$[*]' COLUMNS (place FOR ORDINALITY, tag LONGTEXT PATH '$')) t
         WHERE r.{{ column }} <> '') g
 WHERE g.rawname <> ''
 GROUP BY g.line, LOWER(g.rawname) COLLATE utf8mb4_bin;

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
