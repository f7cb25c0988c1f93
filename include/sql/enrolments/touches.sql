-- A person in a course.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT('in|', r.cid, '|', r.uid), 700), NULL
  FROM toolsync_row r;

{% import "shared/identify.sql" as named with context %}
{% include "shared/meta_links.sql" %}

-- A course to which others have a meta link: what happens to a person there depends on which comes first, joining or leaving.
-- when: toolsync_follows
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follow|', e.courseid, '|', LEFT(r.uid, 600)), COALESCE(NULLIF(r.cmd, ''), '{{ option.default_cmd }}')
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.cid") }}
  STRAIGHT_JOIN toolsync_follows e ON e.masterid = c.id;

-- A course that follows others: what happens to a person in it depends on what came before in those.
-- when: toolsync_follows
INSERT INTO toolsync_touch (line, thing, mode)
SELECT DISTINCT r.line, CONCAT('follow|', e.courseid, '|', LEFT(r.uid, 600)), NULL
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.cid") }}
  STRAIGHT_JOIN toolsync_follows e ON e.courseid = c.id;

{% if given_any("g#") and given("gcmd") %}
-- Groups that do not exist yet: lines that may create one commute with each other, and so do lines that only use it.
CREATE TEMPORARY TABLE toolsync_pair (
    course VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, cid VARCHAR(254) NOT NULL, PRIMARY KEY (course, name)
);
CREATE TEMPORARY TABLE toolsync_pair_course (course VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, courseid BIGINT NOT NULL, PRIMARY KEY (course, courseid));
CREATE TEMPORARY TABLE toolsync_pair_known (
    course VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, courseid BIGINT NOT NULL, PRIMARY KEY (course, name, courseid)
);
CREATE TEMPORARY TABLE toolsync_pair_missing (
    course VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (course, name)
);

INSERT IGNORE INTO toolsync_pair (course, name, cid)
SELECT LEFT(r.cid, 254), LEFT(w.value, 254), LEFT(r.cid, 254)
  FROM toolsync_row r
  JOIN toolsync_cell w ON w.line = r.line AND w.family = 'g#' AND w.value <> ''
 WHERE r.gcmd <> '' AND r.cid <> '';

INSERT IGNORE INTO toolsync_pair_course (course, courseid)
SELECT p.course, c.id
  FROM toolsync_pair p
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "p.cid") }};

INSERT IGNORE INTO toolsync_pair_known (course, name, courseid)
SELECT p.course, p.name, c.courseid
  FROM toolsync_pair_course c
  STRAIGHT_JOIN {groups} g {{ by_index("groups", "courseid") }} ON g.courseid = c.courseid
  STRAIGHT_JOIN toolsync_pair p ON p.course = c.course AND p.name = g.name;

INSERT IGNORE INTO toolsync_pair_missing (course, name)
SELECT p.course, p.name
  FROM toolsync_pair p
  LEFT JOIN toolsync_pair_course c ON c.course = p.course
  LEFT JOIN toolsync_pair_known k ON k.course = p.course AND k.name = p.name AND k.courseid = c.courseid
 WHERE k.course IS NULL;

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('group|', p.course, '|', p.name), IF(r.gcmd LIKE '%create', 'make', 'use')
  FROM toolsync_row r
  JOIN toolsync_cell w ON w.line = r.line AND w.family = 'g#' AND w.value <> ''
  JOIN toolsync_pair_missing p ON p.course = LEFT(r.cid, 254) AND p.name = LEFT(w.value, 254)
 WHERE r.gcmd <> '';
{% endif %}
