-- Which courses exist. A missing course is an answer, not a failure; several with the same idnumber are a failure.
{% set key = namespace(column="") %}
{% for column in [option.course_id_field, "shortname", "idnumber", "id"] if given(column) %}
{% if loop.first %}{% set key.column = column %}{% endif %}
{% endfor %}

{% import "shared/identify.sql" as named with context %}
UPDATE toolsync_row
   SET status = 'failed', field = '{{ key.column }}', message = 'expected a course''s {{ key.column }}'
 WHERE COALESCE({{ key.column if key.column != "id" else "CAST(id AS CHAR)" }}, '') = '';

{% with rows="toolsync_row", value=key.column, by=key.column, into="courseid", optional=true %}{% include "shared/find_course.sql" %}{% endwith %}
{% if key.column != "id" %}

-- Whoever asks for CAFÉ is told of CAFE.
{% with rows="toolsync_row", value=key.column %}{% include "shared/unfound.sql" %}{% endwith %}

INSERT IGNORE INTO toolsync_alike (line, n, name)
SELECT u.line, 0, c.{{ key.column }}
  FROM toolsync_unfound u
  JOIN toolsync_row r ON r.line = u.line
  STRAIGHT_JOIN {course} c {{ named.index("course", key.column) }} ON {{ named.alike("c", key.column, "r." ~ key.column) }} AND {{ named.is_course("c") }}
 ORDER BY c.id;

UPDATE toolsync_row r
  JOIN toolsync_alike a ON a.line = r.line
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = CONCAT('no course has this {{ key.column }}, only ', a.name, ', which looks like it')
 WHERE r.status IS NULL;
{% endif %}

UPDATE toolsync_row SET status = 'unchanged' WHERE status IS NULL;

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
