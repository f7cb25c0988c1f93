-- The places of the courses in their categories: a new course comes first, one that moves keeps its place number unless its line gives another.
-- As long as more lines come, new courses wait at the end of their categories: each batch would give all other courses there a new place. They get theirs
-- with the last lines, or before anything else happens to the order.

-- The categories that change. `coming`: how many new courses they get. `plain`: nothing else happens in them. `wait`: courses wait there, whose turn has come.
CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY, coming INT NOT NULL, plain TINYINT NOT NULL, wait TINYINT NOT NULL DEFAULT 0);

INSERT INTO toolsync_affected (categoryid, coming, plain)
SELECT t.category, COUNT(*), 1 FROM toolsync_course t WHERE t.isnew GROUP BY t.category;
{% set changes = ["t.category FROM toolsync_course t WHERE t.restored OR t.category <> t.formercategory",
                  "t.formercategory FROM toolsync_course t STRAIGHT_JOIN {course_categories} k ON k.id = t.formercategory WHERE t.category <> t.formercategory"] %}
{% if given("sortorder") %}
{% set changes = changes + ["t.category FROM toolsync_course t JOIN toolsync_row r ON r.line = t.line WHERE r.sortorder IS NOT NULL AND NOT t.isnew"] %}
{% endif %}
{% for change in changes %}

INSERT INTO toolsync_affected (categoryid, coming, plain)
SELECT d.category, 0, 0 FROM (SELECT DISTINCT {{ change | replace("t.formercategory FROM", "t.formercategory AS category FROM") }}) d
    ON DUPLICATE KEY UPDATE plain = 0;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_category_end (categoryid BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL);

INSERT INTO toolsync_category_end (categoryid, place)
SELECT k.id, COALESCE(CAST(MAX(c.sortorder) AS SIGNED) - k.sortorder, 0)
  FROM toolsync_affected a
  STRAIGHT_JOIN toolsync_home k ON k.id = a.categoryid
  LEFT JOIN {course} c {{ by_index("course", "category") }} ON c.category = a.categoryid
 WHERE @more_lines
 GROUP BY k.id, k.sortorder;

-- @settles: 1: no course waits any longer; 0: new ones do. They can't where a category has no number left behind its last course
SET @settles = {{ "1" if given("sortorder") else "NOT @more_lines" }}
               OR (SELECT COALESCE(MAX(NOT a.plain OR COALESCE(e.place + a.coming >= @category_size, 0)), 0)
                     FROM toolsync_affected a
                     LEFT JOIN toolsync_category_end e ON e.categoryid = a.categoryid);

-- Whose turn has come: courses of this file that still stand behind all others of their category.
CREATE TEMPORARY TABLE toolsync_waited (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL);

INSERT INTO toolsync_waited (courseid, category)
SELECT c.id, c.category
  FROM toolsync_waiting w
  STRAIGHT_JOIN {course} c FORCE INDEX (PRIMARY) ON c.id BETWEEN w.first AND w.last
  STRAIGHT_JOIN {course_categories} k ON k.id = c.category
 WHERE @settles;

CREATE TEMPORARY TABLE toolsync_waited_in (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_waited_in (categoryid) SELECT DISTINCT w.category FROM toolsync_waited w;

CREATE TEMPORARY TABLE toolsync_turn (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL);

INSERT INTO toolsync_turn (courseid, category)
SELECT d.id, d.category
  FROM (SELECT c.id, c.category, c.sortorder, w.courseid, MAX(IF(w.courseid IS NULL, c.sortorder, 0)) OVER (PARTITION BY c.category) AS last_other
          FROM toolsync_waited_in k
          STRAIGHT_JOIN {course} c {{ by_index("course", "category") }} ON c.category = k.categoryid
          LEFT JOIN toolsync_waited w ON w.courseid = c.id) d
 WHERE d.courseid IS NOT NULL AND d.sortorder > d.last_other;

INSERT INTO toolsync_affected (categoryid, coming, plain, wait)
SELECT d.category, 0, 1, 1
  FROM (SELECT DISTINCT w.category FROM toolsync_turn w) d
    ON DUPLICATE KEY UPDATE wait = 1;

INSERT IGNORE INTO toolsync_home (id, sortorder, visible)
SELECT k.id, k.sortorder, k.visible
  FROM toolsync_affected a
  STRAIGHT_JOIN {course_categories} k ON k.id = a.categoryid
 WHERE @settles;

-- @last_course: the highest id of a course before any is created. A new one stands here as this number and its line
SET @last_course = (SELECT MAX(id) FROM {course});

CREATE TEMPORARY TABLE toolsync_place (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, place BIGINT NOT NULL, moved TINYINT NOT NULL);

INSERT INTO toolsync_place (courseid, category, place, moved)
SELECT @last_course + t.line, t.category, ROW_NUMBER() OVER (PARTITION BY t.category ORDER BY t.line DESC), 0
  FROM toolsync_affected a
  JOIN toolsync_course t ON t.category = a.categoryid
 WHERE @settles AND a.plain AND t.isnew;

INSERT INTO toolsync_place (courseid, category, place, moved)
SELECT @last_course + t.line, t.category, e.place + ROW_NUMBER() OVER (PARTITION BY t.category ORDER BY t.line), 0
  FROM toolsync_category_end e
  JOIN toolsync_course t ON t.category = e.categoryid
 WHERE NOT @settles AND t.isnew;
{% set in_order = "PARTITION BY c.category ORDER BY w.courseid IS NULL, w.courseid DESC, c.sortorder, c.id DESC" %}

INSERT INTO toolsync_place (courseid, category, place, moved)
SELECT d.id, d.category, d.place, 0
  FROM (SELECT c.id, c.category, CAST(c.sortorder AS SIGNED) - k.sortorder AS formerplace, a.coming + ROW_NUMBER() OVER ({{ in_order }}) AS place
          FROM toolsync_affected a
          JOIN toolsync_home k ON k.id = a.categoryid
          JOIN {course} c ON c.category = a.categoryid
          LEFT JOIN toolsync_turn w ON w.courseid = c.id
         WHERE @settles AND a.plain) d
 WHERE d.place <> d.formerplace;

CREATE TEMPORARY TABLE toolsync_placed (
    courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, place BIGINT NOT NULL, isnew TINYINT NOT NULL, target BIGINT NOT NULL, sortorder BIGINT NULL, line INT UNSIGNED NULL
);

INSERT INTO toolsync_placed (courseid, category, place, isnew, target, sortorder, line)
SELECT c.id, c.category, CAST(c.sortorder AS SIGNED) - k.sortorder, COALESCE(t.restored, 0), COALESCE(t.category, c.category),
       {{ "IF(t.restored OR r.sortorder = c.sortorder, NULL, r.sortorder)" if given("sortorder") else "NULL" }}, t.line
  FROM toolsync_affected a
  JOIN toolsync_home k ON k.id = a.categoryid
  JOIN {course} c ON c.category = a.categoryid
  LEFT JOIN toolsync_course t ON t.id = c.id{{ "" if given("sortorder") else " AND (t.restored OR t.category <> t.formercategory)" }}
{% if given("sortorder") %}
  LEFT JOIN toolsync_row r ON r.line = t.line
{% endif %}
 WHERE NOT a.plain;

CREATE TEMPORARY TABLE toolsync_place_before (courseid BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL);

INSERT INTO toolsync_place_before (courseid, place)
SELECT c.id, ROW_NUMBER() OVER ({{ in_order }})
  FROM toolsync_affected a
  STRAIGHT_JOIN {course} c {{ by_index("course", "category") }} ON c.category = a.categoryid
  LEFT JOIN toolsync_turn w ON w.courseid = c.id
 WHERE a.wait AND NOT a.plain;

UPDATE toolsync_place_before b STRAIGHT_JOIN toolsync_placed p ON p.courseid = b.courseid SET p.place = b.place;

INSERT INTO toolsync_placed (courseid, category, place, isnew, target, line)
SELECT @last_course + t.line, t.category, 0, 1, t.category, t.line
  FROM toolsync_affected a
  JOIN toolsync_course t ON t.category = a.categoryid
 WHERE NOT a.plain AND t.isnew;

-- python: course_places INTO toolsync_place
SELECT p.courseid, p.category, p.place, p.isnew, p.target, p.sortorder, CAST(@category_size AS SIGNED), p.line FROM toolsync_placed p;

UPDATE toolsync_place p
  STRAIGHT_JOIN toolsync_course t ON t.id = p.courseid
   SET t.changed = 1
 WHERE p.moved AND p.courseid <= @last_course;
