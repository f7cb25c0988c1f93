{% import "shared/identify.sql" as named with context %}
-- A new name or idnumber must be free in the course, exactly as it is written: Moodle makes one that only looks like another. An `add` without `updateid`
-- means what has its name, so only its idnumber may be another one's.
CREATE TEMPORARY TABLE toolsync_taken (line INT UNSIGNED NOT NULL PRIMARY KEY, field VARCHAR(20) NOT NULL, message VARCHAR(500) NOT NULL);
{% for kind, name in [("group", "groups"), ("grouping", "groupings")] %}

INSERT IGNORE INTO toolsync_taken (line, field, message)
SELECT r.line, 'idnumber', CONCAT('another {{ kind }} of this course has this idnumber: ', g.name)
  FROM toolsync_row r
  {{ named.there(name, "g", "idnumber", "r.idnumber", "r.course") }} AND {{ named.exact("g.idnumber", "r.idnumber") }} AND NOT g.id <=> r.target
  LEFT JOIN {{ table(name) }} me ON me.id = r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.idnumber <> '' AND NOT me.idnumber <=> r.idnumber COLLATE utf8mb4_bin
 ORDER BY g.id;

INSERT IGNORE INTO toolsync_taken (line, field, message)
SELECT r.line, 'name', 'another {{ kind }} of this course has this name'
  FROM toolsync_row r
  STRAIGHT_JOIN {{ table(name) }} me ON me.id = r.target
  {{ named.there(name, "g", "name", "r.name", "r.course") }} AND {{ named.exact("g.name", "r.name") }} AND g.id <> r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.updateid <> '' AND r.name <> '' AND NOT me.name <=> r.name COLLATE utf8mb4_bin;

-- What is deleted by its idnumber must not be called like another one.
INSERT IGNORE INTO toolsync_taken (line, field, message)
SELECT r.line, 'name', CONCAT('the {{ kind }} with this idnumber is ', me.name)
  FROM toolsync_row r
  STRAIGHT_JOIN {{ table(name) }} me ON me.id = r.target
  {{ named.there(name, "g", "name", "r.name", "r.course") }} AND g.id <> r.target
 WHERE r.status IS NULL AND r.command = 'del' AND r.kind = '{{ kind }}' AND COALESCE(r.updateid, '') = '' AND r.idnumber <> ''
   AND NOT {{ named.same("me.name", "r.name") }};
{% endfor %}

UPDATE toolsync_taken t
  JOIN toolsync_row r ON r.line = t.line
   SET r.status = 'failed', r.field = t.field, r.message = t.message;

-- An `add` changes nothing of what is there: say what is different.
{% set texts = [("idnumber", "idnumber"), ("description", "description")] %}
{% set group_texts = texts + [("enrolmentkey", "enrolmentkey")] %}
{% set numbers = [("visibility", "r.visibility"), ("participation", "IF(r.visibility > 1, 0, r.participation)")] if site_has("groups", "visibility") else [] %}
{% for kind, name, texts, numbers in [("group", "groups", group_texts, numbers), ("grouping", "groupings", texts, [])] %}
{% set given_texts, given_numbers = [], [] %}
{% for column, value in texts if given(column) %}{% set _ = given_texts.append(column) %}{% endfor %}
{% for column, value in numbers if given(column) %}{% set _ = given_numbers.append((column, value)) %}{% endfor %}
{% if given_texts or given_numbers %}
INSERT INTO toolsync_note (line, field, message)
SELECT w.line, 'name', CONCAT('differs: ', w.columns, '; updateid changes it')
  FROM (SELECT r.line,
               CONCAT_WS(', '{% for column in given_texts %}, IF(r.{{ column }} <> '' AND NOT r.{{ column }} <=> BINARY g.{{ column }}, '{{ column }}', NULL){% endfor %}
                         {%- for column, value in given_numbers %}, IF({{ value }} <> g.{{ column }}, '{{ column }}', NULL){% endfor %}) AS columns
          FROM toolsync_row r
          JOIN {{ table(name) }} g ON g.id = r.target
         WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND COALESCE(r.updateid, '') = '') w
 WHERE w.columns <> '';

{% endif %}
{% endfor %}
