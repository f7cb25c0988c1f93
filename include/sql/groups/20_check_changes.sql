-- A new name or idnumber must be free in the course.
CREATE TEMPORARY TABLE toolsync_taken (line INT UNSIGNED NOT NULL PRIMARY KEY, kind VARCHAR(20) NOT NULL, field VARCHAR(20) NOT NULL);
{% for kind, name in [("group", "groups"), ("grouping", "groupings")] %}
{% for column in ["name", "idnumber"] %}

INSERT IGNORE INTO toolsync_taken (line, kind, field)
SELECT r.line, '{{ kind }}', '{{ column }}'
  FROM toolsync_row r
  JOIN {{ table(name) }} g ON g.courseid = r.course AND g.{{ column }} = r.{{ column }} AND g.id <> r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.updateid <> '' AND r.{{ column }} <> '';
{% endfor %}
{% endfor %}

UPDATE toolsync_taken t
  JOIN toolsync_row r ON r.line = t.line
   SET r.status = 'failed', r.field = t.field, r.message = CONCAT('another ', t.kind, ' of this course has this ', t.field);
