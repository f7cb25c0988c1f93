-- The tags of each line in order, cleaned as Moodle cleans tag names: toolsync_tag. If one is given twice in different letter case, the last spelling counts.
-- `column`: the column of toolsync_row that lists them.
CREATE TEMPORARY TABLE toolsync_tag (
    line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, place INT NOT NULL, tagid BIGINT NULL,
    PRIMARY KEY (line, name), KEY (name)
);

INSERT IGNORE INTO toolsync_tag (line, name, rawname, place)
SELECT w.line, w.name, w.rawname, ROW_NUMBER() OVER (PARTITION BY w.line ORDER BY w.place) - 1
  FROM (SELECT g.line, LOWER(g.rawname) AS name, SUBSTRING_INDEX(GROUP_CONCAT(g.rawname ORDER BY g.place SEPARATOR '<'), '<', -1) AS rawname, MIN(g.place) AS place
          FROM (SELECT r.line, t.place, LEFT(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(t.tag, '[[:cntrl:]<>`]', ''), '[[:space:]]+', ' ')), 50) AS rawname
                  FROM toolsync_row r
                  JOIN JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(r.{{ column }}), ',', '","'), ']'),
                                  '$[*]' COLUMNS (place FOR ORDINALITY, tag VARCHAR(1000) PATH '$')) t
                 WHERE r.{{ column }} <> '') g
         WHERE g.rawname <> ''
         GROUP BY g.line, LOWER(g.rawname)) w
 ORDER BY w.line, w.place;
