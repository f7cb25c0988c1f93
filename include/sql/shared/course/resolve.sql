-- The course of each line: toolsync_row.courseid and .contextid. The front page is refused.
{% from "shared/course/key.sql" import key with context %}

UPDATE toolsync_row r
   SET r.asked = COALESCE(CAST(r.{{ key.column }} AS CHAR), '')
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'expected a course''s {{ key.column }}'
 WHERE r.status IS NULL AND r.asked = '';

{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_front_page (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_front_page (line)
SELECT r.line
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key.column) }} ON {{ named.equal("c", key.column, "r.asked") }} AND c.category = 0
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_front_page f ON f.line = r.line
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'this is the site''s front page, which is never touched'
 WHERE r.status IS NULL;

{% with rows="toolsync_row", value="asked", by=key.column, into="courseid", field=key.column %}{% include "shared/find_course.sql" %}{% endwith %}

CREATE TEMPORARY TABLE toolsync_course_context (line INT UNSIGNED NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL);

INSERT INTO toolsync_course_context (line, contextid)
SELECT r.line, x.id
  FROM toolsync_row r
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = r.courseid
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_course_context x ON x.line = r.line
   SET r.contextid = x.contextid;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'this course has no context: open it in Moodle, which creates one, then run the line again'
 WHERE r.status IS NULL AND r.contextid IS NULL;
