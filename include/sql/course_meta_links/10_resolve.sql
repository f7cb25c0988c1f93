{% include "shared/people_tables.sql" %}

UPDATE toolsync_row r
   SET r.command = LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20)
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'cmd', r.message = 'expected add, del or fulldel'
 WHERE r.status IS NULL AND r.command NOT IN ('add', 'del', 'fulldel');

{% for column in ["master", "meta"] %}
UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ column }}', r.message = 'expected the {{ option.course_id_field }} of a course'
 WHERE r.status IS NULL AND COALESCE(r.{{ column }}, '') = '';

{% with rows="toolsync_row", value=column, by=option.course_id_field, into=column ~ "id" %}{% include "shared/find_course.sql" %}{% endwith %}
{% endfor %}

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'meta', r.message = 'a course cannot take its people from itself'
 WHERE r.status IS NULL AND r.masterid = r.metaid;

CREATE TEMPORARY TABLE toolsync_linked (
    line INT UNSIGNED NOT NULL, enrolid BIGINT NOT NULL, PRIMARY KEY (line, enrolid)
);

INSERT INTO toolsync_linked (line, enrolid)
SELECT r.line, e.id
  FROM toolsync_row r
  JOIN {enrol} e ON e.courseid = r.metaid AND e.enrol = 'meta' AND e.customint1 = r.masterid
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  LEFT JOIN toolsync_linked k ON k.line = r.line
   SET r.status = 'failed', r.field = 'meta', r.message = 'this course has no meta link to the master'
 WHERE r.status IS NULL AND r.command <> 'add' AND k.line IS NULL;
