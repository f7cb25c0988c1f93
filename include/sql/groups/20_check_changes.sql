-- A new name or idnumber must be free in the course.
{% for kind, name in [("group", "groups"), ("grouping", "groupings")] %}
{% for column in ["name", "idnumber"] %}
UPDATE toolsync_row r
  JOIN {{ table(name) }} g ON g.courseid = r.course AND g.{{ column }} = r.{{ column }} AND g.id <> r.target
   SET r.status = 'failed', r.field = '{{ column }}', r.message = 'another {{ kind }} of this course has this {{ column }}'
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.updateid <> '' AND r.{{ column }} <> '';
{% endfor %}
{% endfor %}
