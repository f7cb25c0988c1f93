-- The course of each line: toolsync_row.courseid and .contextid. The front page is refused.
{% from "shared/course/key.sql" import key with context %}

UPDATE toolsync_row r
   SET r.asked = COALESCE(CAST(r.{{ key.column }} AS CHAR), '')
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'expected a course''s {{ key.column }}'
 WHERE r.status IS NULL AND r.asked = '';

{% import "shared/identify.sql" as named with context %}
UPDATE toolsync_row r
  JOIN {course} c ON {{ named.equal("c", key.column, "r.asked") }} AND c.category = 0
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'this is the site''s front page, which is never touched'
 WHERE r.status IS NULL;

{% with rows="toolsync_row", value="asked", by=key.column, into="courseid", field=key.column %}{% include "shared/find_course.sql" %}{% endwith %}

UPDATE toolsync_row r
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = r.courseid
   SET r.contextid = x.id
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'this course has no context: open it in Moodle, which creates one, then run the line again'
 WHERE r.status IS NULL AND r.contextid IS NULL;
