-- A person in a course.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT('in|', r.cid, '|', r.uid), 700), NULL
  FROM toolsync_row r;

-- A course that is followed by meta link: the followers' enrolments of a person depend on what comes first, leaving or joining.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follow|', e.courseid, '|', LEFT(r.uid, 600)), COALESCE(NULLIF(r.cmd, ''), '{{ option.default_cmd }}')
  FROM toolsync_row r
  JOIN {course} c ON c.{{ option.course_id_field }} = {{ "CAST(r.cid AS UNSIGNED)" if option.course_id_field == "id" else "r.cid" }}
  JOIN {enrol} e ON e.enrol = 'meta' AND e.customint1 = c.id
 WHERE r.cid <> '';

{% if given_any("g#") and given("gcmd") %}
-- Groups: lines that make sure of one commute, and lines that use one.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT('group|', r.cid, '|', g.value), 700), IF(r.gcmd LIKE '%create', 'make', 'use')
  FROM toolsync_row r
  JOIN toolsync_cell g ON g.line = r.line AND g.family = 'g#' AND g.value <> ''
 WHERE r.gcmd <> '';
{% endif %}
