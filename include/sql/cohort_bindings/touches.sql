{% import "shared/identify.sql" as named with context %}
{% set inward = "IF(COALESCE(r.cmd, '') IN ('', 'add', 'restore'), 'in', 'out')" %}
-- A cohort in a course.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('bind|', LEFT(r.course, 300), '|', LEFT(r.cohort, 300)), NULL
  FROM toolsync_row r;

-- The course, and those with a meta link to it: what a person keeps there depends on which comes first, binding or releasing.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('course|', LEFT(r.course, 300)), {{ inward }}
  FROM toolsync_row r;

{% include "shared/meta_links.sql" %}

-- when: toolsync_follows
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follower|', e.courseid), {{ inward }}
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.course") }}
  STRAIGHT_JOIN toolsync_follows e ON e.masterid = c.id;

-- when: toolsync_follows
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follower|', e.courseid), {{ inward }}
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.course") }}
  STRAIGHT_JOIN toolsync_follows e ON e.courseid = c.id;
{% if given("makegroup") %}

-- New groups in a course are created one after the other, because each takes the first free name.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('group|', LEFT(r.course, 300)), NULL
  FROM toolsync_row r
 WHERE r.makegroup <> '';
{% endif %}
