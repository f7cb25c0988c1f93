-- Which courses exist. A missing course is an answer, not a failure; several with the same idnumber are a failure.
{% set key = namespace(column="") %}
{% for column in [option.course_id_field, "shortname", "idnumber", "id"] if given(column) %}
{% if loop.first %}{% set key.column = column %}{% endif %}
{% endfor %}

CREATE TEMPORARY TABLE toolsync_match (line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, hits INT NOT NULL);

INSERT INTO toolsync_match (line, courseid, hits)
SELECT r.line, MIN(c.id), COUNT(*)
  FROM toolsync_row r
  JOIN {course} c ON c.{{ key.column }} = r.{{ key.column }} AND c.category <> 0
{% if key.column != "id" %}
 WHERE r.{{ key.column }} <> ''
{% endif %}
 GROUP BY r.line;

UPDATE toolsync_row r
  LEFT JOIN toolsync_match m ON m.line = r.line
   SET r.courseid = m.courseid, r.status = IF(m.hits > 1, 'failed', 'unchanged'), r.field = '{{ key.column }}',
       r.message = CONCAT(m.hits, ' courses have this {{ key.column }}');

UPDATE toolsync_row
   SET status = 'failed', message = 'expected a course''s {{ key.column }}'
 WHERE COALESCE({{ key.column if key.column != "id" else "CAST(id AS CHAR)" }}, '') = '';

CREATE TEMPORARY TABLE toolsync_answer (
    line INT UNSIGNED NOT NULL PRIMARY KEY, asked VARCHAR(255) NOT NULL, answer VARCHAR(10) NOT NULL, id BIGINT NULL, shortname VARCHAR(255) NULL,
    idnumber VARCHAR(100) NULL, fullname VARCHAR(1333) NULL, description LONGTEXT NULL
);

INSERT INTO toolsync_answer (line, asked, answer, id, shortname, idnumber, fullname, description)
SELECT r.line, r.{{ key.column }}, IF(c.id IS NULL, 'missing', 'found'), c.id, c.shortname, c.idnumber, c.fullname, NULLIF(r.description, '')
  FROM toolsync_row r
  LEFT JOIN {course} c ON c.id = r.courseid
 WHERE r.status <> 'failed';

INSERT INTO toolsync_note (line, field, message)
SELECT a.line, '{{ key.column }}',
       IF(a.answer = 'missing', 'missing: no course has this {{ key.column }}',
          CONCAT('found: id ', a.id, ', shortname ', a.shortname, IF(a.idnumber = '', '', CONCAT(', idnumber ', a.idnumber)), ', ', a.fullname))
  FROM toolsync_answer a
 ORDER BY a.line;
