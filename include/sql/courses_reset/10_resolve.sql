-- The course of each line, and the options that the line asks for: toolsync_asked.
{% from "courses_reset/terms.sql" import resets with context %}
{% include "shared/course/resolve.sql" %}
{% import "shared/identify.sql" as named with context %}

CREATE TEMPORARY TABLE toolsync_asked (courseid BIGINT NOT NULL, name VARCHAR(100) NOT NULL, PRIMARY KEY (courseid, name), KEY (name));
{% if given("roles") %}

-- The roles whose holders leave, in the order of the line.
CREATE TEMPORARY TABLE toolsync_role_asked (line INT UNSIGNED NOT NULL, place INT NOT NULL, word VARCHAR(255) NOT NULL, roleid BIGINT NULL, PRIMARY KEY (line, place));

UPDATE toolsync_row r
   SET r.rolewords = TRIM(REGEXP_REPLACE(r.roles, '[[:space:],;]+', ' '))
 WHERE r.status IS NULL AND LOWER(r.roles) NOT IN ('', 'no', 'none', '0', 'all');

INSERT INTO toolsync_role_asked (line, place, word)
SELECT r.line, w.place, LEFT(w.word, 255)
  FROM toolsync_row r
  JOIN JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(r.rolewords), ' ', '","'), ']'), '$[*]' COLUMNS (place FOR ORDINALITY, word LONGTEXT PATH '$')) w
 WHERE r.rolewords <> '';

CREATE TEMPORARY TABLE toolsync_role_found (word VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, roleid BIGINT NOT NULL);

-- when: toolsync_role_asked
INSERT IGNORE INTO toolsync_role_found (word, roleid)
SELECT w.word, ro.id FROM toolsync_role_asked w JOIN {role} ro ON {{ named.role("ro", "shortname", "w.word") }};

-- when: toolsync_role_asked
UPDATE toolsync_role_asked w
  JOIN toolsync_role_found f ON f.word = w.word
   SET w.roleid = f.roleid;

CREATE TEMPORARY TABLE toolsync_no_role (line INT UNSIGNED NOT NULL PRIMARY KEY, word VARCHAR(255) NOT NULL);

-- when: toolsync_role_asked
INSERT INTO toolsync_no_role (line, word)
SELECT w.line, MIN(w.word) FROM toolsync_role_asked w WHERE w.roleid IS NULL GROUP BY w.line;

CREATE TEMPORARY TABLE toolsync_role_alike (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL);

-- when: toolsync_no_role
INSERT IGNORE INTO toolsync_role_alike (line, name)
SELECT w.line, ro.shortname FROM toolsync_no_role w JOIN {role} ro ON {{ named.alike("ro", "shortname", "w.word") }};

UPDATE toolsync_row r
  JOIN toolsync_no_role w ON w.line = r.line
  LEFT JOIN toolsync_role_alike a ON a.line = r.line
   SET r.status = 'failed', r.field = 'roles',
       r.message = CONCAT('no role has this shortname: ', w.word, COALESCE(CONCAT(', only ', a.name, ', which looks like it'), ''))
 WHERE r.status IS NULL;

INSERT INTO toolsync_role_asked (line, place, word, roleid)
SELECT r.line, ROW_NUMBER() OVER (PARTITION BY r.line ORDER BY ro.id), ro.shortname, ro.id
  FROM toolsync_row r
  JOIN {role} ro
 WHERE r.status IS NULL AND LOWER(r.roles) = 'all';
{% endif %}
{% if given("modules") %}

-- The words of `modules`.
CREATE TEMPORARY TABLE toolsync_module_word (line INT UNSIGNED NOT NULL, word VARCHAR(100) NOT NULL, minus TINYINT NOT NULL, PRIMARY KEY (line, word, minus));
CREATE TEMPORARY TABLE toolsync_module_mode (line INT UNSIGNED NOT NULL PRIMARY KEY, allmodules TINYINT NOT NULL, minus TINYINT NOT NULL);

UPDATE toolsync_row r
   SET r.modulewords = LOWER(TRIM(REGEXP_REPLACE(r.modules, '[ ,;]+', ' ')))
 WHERE r.status IS NULL AND LOWER(r.modules) NOT IN ('', 'no', 'none', '0');

INSERT IGNORE INTO toolsync_module_word (line, word, minus)
SELECT r.line, LEFT(IF(LEFT(w.word, 1) = '-', SUBSTRING(w.word, 2), w.word), 100), LEFT(w.word, 1) = '-'
  FROM toolsync_row r
  JOIN JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(r.modulewords), ' ', '","'), ']'), '$[*]' COLUMNS (word LONGTEXT PATH '$')) w
 WHERE r.modulewords <> '';

-- when: toolsync_module_word
INSERT INTO toolsync_module_mode (line, allmodules, minus)
SELECT w.line, MAX(w.word = 'all' AND NOT w.minus), MAX(w.minus) FROM toolsync_module_word w GROUP BY w.line;

CREATE TEMPORARY TABLE toolsync_no_module (line INT UNSIGNED NOT NULL PRIMARY KEY, word VARCHAR(100) NOT NULL);

-- when: toolsync_module_word
INSERT INTO toolsync_no_module (line, word)
SELECT w.line, MIN(w.word)
  FROM toolsync_module_word w
  LEFT JOIN {modules} m ON m.name = w.word
 WHERE m.id IS NULL AND w.word <> 'all' AND NOT (w.minus AND w.word IN ('{{ resets.every_module | join("', '") }}'))
 GROUP BY w.line;

-- when: toolsync_no_module
UPDATE toolsync_row r
  JOIN toolsync_no_module k ON k.line = r.line
   SET r.status = 'failed', r.field = 'modules', r.message = CONCAT('this site has no module ', k.word)
 WHERE r.status IS NULL;

-- when: toolsync_module_word
UPDATE toolsync_row r
  JOIN (SELECT w.line, MIN(w.word) AS word
          FROM toolsync_module_word w
         WHERE NOT w.minus AND w.word <> 'all' AND w.word NOT IN ('{{ resets.every_module | join("', '") }}')
         GROUP BY w.line) k ON k.line = r.line
   SET r.status = 'failed', r.field = 'modules',
       r.message = CONCAT('Tool Sync does not know what the module ', k.word, ' keeps (describe its tables beside include/course_graph/moodle.yaml)')
 WHERE r.status IS NULL;

-- when: toolsync_module_word
INSERT INTO toolsync_note (line, field, message)
SELECT w.line, 'modules', CONCAT('nothing is reset in the module ', w.word, ', because its reset form proposes nothing')
  FROM toolsync_module_word w
  JOIN toolsync_row r ON r.line = w.line AND r.status IS NULL
 WHERE NOT w.minus AND w.word NOT IN ('all'{% for module in resets.modules if resets.proposed(module) %}, '{{ module }}'{% endfor %});
{% for module in resets.modules if resets.proposed(module) %}

-- when: toolsync_module_word
INSERT IGNORE INTO toolsync_asked (courseid, name)
SELECT r.courseid, o.name
  FROM toolsync_row r
  JOIN toolsync_module_mode k ON k.line = r.line
  LEFT JOIN toolsync_module_word w ON w.line = r.line AND w.word = '{{ module }}'
  JOIN ({% for part in resets.proposed(module) %}{{ "" if loop.first else " UNION ALL " }}SELECT '{{ part.name }}'{{ " AS name" if loop.first }}{% endfor %}) o
 WHERE r.status IS NULL AND IF(k.minus, w.line IS NULL, k.allmodules OR w.line IS NOT NULL);
{% endfor %}
{% endif %}
{% for column, parts in resets.columns() if given(column) %}

INSERT IGNORE INTO toolsync_asked (courseid, name)
SELECT r.courseid, o.name
  FROM toolsync_row r
  JOIN ({% for part in parts %}{{ "" if loop.first else " UNION ALL " }}SELECT '{{ part.name }}'{{ " AS name" if loop.first }}{% endfor %}) o
 WHERE r.status IS NULL AND r.{{ "`" ~ column ~ "`" }} = 1;
{% endfor %}
{% for column, module in resets.not_here() if given(column) %}

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ column }}', r.message = 'this site has no module {{ module }}, or its version has no such part of it'
 WHERE r.status IS NULL AND r.{{ "`" ~ column ~ "`" }} = 1;
{% endfor %}
{% for column, words in resets.course_columns.items() if given(column) %}
{% for word, names in words.items() %}

INSERT IGNORE INTO toolsync_asked (courseid, name)
SELECT r.courseid, o.name
  FROM toolsync_row r
  JOIN ({% for name in names %}{{ "" if loop.first else " UNION ALL " }}SELECT '{{ name }}'{{ " AS name" if loop.first }}{% endfor %}) o
 WHERE r.status IS NULL AND {{ "r.`" ~ column ~ "` = 1" if not word else "LOWER(r.`" ~ column ~ "`) = '" ~ word ~ "'" }};
{% endfor %}
{% endfor %}
{% if given("competency_ratings") and not site_has("competency_usercompcourse") %}

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'competency_ratings', r.message = 'this site has no competencies'
 WHERE r.status IS NULL AND r.competency_ratings = 1;
{% endif %}
{% if given("startdate") %}

-- How far the dates shift.
UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'startdate', r.message = 'expected a date after 1970'
 WHERE r.status IS NULL AND r.startdate <= 0;

-- `counted`: the moment from which the distance is counted.
CREATE TEMPORARY TABLE toolsync_was_start (line INT UNSIGNED NOT NULL PRIMARY KEY, startdate BIGINT NOT NULL, counted BIGINT NOT NULL);

INSERT INTO toolsync_was_start (line, startdate, counted)
SELECT r.line, c.startdate, c.startdate
  FROM toolsync_row r
  JOIN {course} c ON c.id = r.courseid
 WHERE r.status IS NULL AND r.startdate > 0;

{% if not moodle_since("4.4.7", "4.5.3", "5.0") %}
-- Older Moodles count from the midnight before the course starts.
CREATE TEMPORARY TABLE toolsync_midnight (line INT UNSIGNED NOT NULL PRIMARY KEY, moment BIGINT NOT NULL);

-- @timezone: the timezone of dates of courses: the forced one, otherwise that of the account @actor; empty: the site's
SET @timezone = COALESCE(NULLIF({{ setting("forcetimezone") }}, '99'), (SELECT NULLIF(timezone, '99') FROM {user} WHERE id = @actor), '');

-- python: midnights INTO toolsync_midnight
SELECT s.line, s.startdate, @timezone FROM toolsync_was_start s;

UPDATE toolsync_was_start s JOIN toolsync_midnight m ON m.line = s.line SET s.counted = m.moment;

{% endif %}
UPDATE toolsync_row r
  JOIN toolsync_was_start s ON s.line = r.line
   SET r.shift = IF(r.startdate = s.startdate, 0, r.startdate - s.counted);

INSERT IGNORE INTO toolsync_asked (courseid, name)
SELECT r.courseid, 'startdate' FROM toolsync_row r WHERE r.status IS NULL AND r.shift <> 0;
{% endif %}
{% if given("roles") %}

-- when: toolsync_role_asked
INSERT IGNORE INTO toolsync_asked (courseid, name)
SELECT r.courseid, 'roles' FROM toolsync_row r JOIN (SELECT DISTINCT w.line FROM toolsync_role_asked w) w ON w.line = r.line WHERE r.status IS NULL;
{% endif %}
{% if given("logs") %}

INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'logs', 'not used: a reset deletes no logs. Moodle keeps them as long as the site''s settings say'
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.logs = 1;
{% endif %}
