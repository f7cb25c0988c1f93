-- The course and, if its people change, the courses with a meta link to it. Lines about the same course run in file order.
{% from "shared/course/key.sql" import key with context %}
{% import "shared/identify.sql" as named with context %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('course ', c.id), NULL
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key.column) }} ON {{ named.course("c", key.column, "CAST(r." ~ key.column ~ " AS CHAR)") }};
{% if given("roles") or given("groups") %}

{% include "shared/meta_links.sql" %}

-- when: toolsync_follows
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('course ', e.courseid), NULL
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key.column) }} ON {{ named.course("c", key.column, "CAST(r." ~ key.column ~ " AS CHAR)") }}
  STRAIGHT_JOIN toolsync_follows e ON e.masterid = c.id;
{% endif %}
