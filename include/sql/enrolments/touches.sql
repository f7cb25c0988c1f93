-- A person in a course.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT('in|', r.cid, '|', r.uid), 700), NULL
  FROM toolsync_row r;

{% import "shared/identify.sql" as named with context %}
-- A course to which others have a meta link: what happens to a person there depends on which comes first, joining or leaving.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follow|', e.courseid, '|', LEFT(r.uid, 600)), COALESCE(NULLIF(r.cmd, ''), '{{ option.default_cmd }}')
  FROM toolsync_row r
  JOIN {course} c ON {{ named.course("c", option.course_id_field, "r.cid") }}
  JOIN {enrol} e ON e.enrol = 'meta' AND e.customint1 = c.id;

{% if given_any("g#") and given("gcmd") %}
-- Groups that do not exist yet: lines that may create one commute with each other, and so do lines that only use it.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT('group|', r.cid, '|', w.value), 700), IF(r.gcmd LIKE '%create', 'make', 'use')
  FROM toolsync_row r
  JOIN toolsync_cell w ON w.line = r.line AND w.family = 'g#' AND w.value <> ''
  LEFT JOIN {course} c ON {{ named.course("c", option.course_id_field, "r.cid") }}
  LEFT JOIN {groups} g ON g.courseid = c.id AND g.name = w.value
 WHERE r.gcmd <> '' AND g.id IS NULL;
{% endif %}
