-- The places of the courses in their categories: a new course comes first, one that moves keeps its place number unless its line gives another.

CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT DISTINCT t.category FROM toolsync_course t WHERE t.isnew OR t.restored OR t.category <> t.formercategory;

INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT DISTINCT t.formercategory FROM toolsync_course t WHERE t.category <> t.formercategory;
{% if given("sortorder") %}

INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT t.category FROM toolsync_course t JOIN toolsync_row r ON r.line = t.line WHERE r.sortorder IS NOT NULL;
{% endif %}

-- @last_course: the highest id of a course before any is created. A new one stands here as this number and its line
SET @last_course = (SELECT MAX(id) FROM {course});

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
;

INSERT INTO toolsync_placed (courseid, category, place, isnew, target, line)
SELECT @last_course + t.line, t.category, 0, 1, t.category, t.line FROM toolsync_course t WHERE t.isnew;

CREATE TEMPORARY TABLE toolsync_place (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, place BIGINT NOT NULL, moved TINYINT NOT NULL);

-- python: course_places INTO toolsync_place
SELECT p.courseid, p.category, p.place, p.isnew, p.target, p.sortorder, CAST(@category_size AS SIGNED), p.line FROM toolsync_placed p;

UPDATE toolsync_place p
  STRAIGHT_JOIN toolsync_course t ON t.id = p.courseid
   SET t.changed = 1
 WHERE p.moved AND p.courseid <= @last_course;
