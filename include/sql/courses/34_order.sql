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

CREATE TEMPORARY TABLE toolsync_place (courseid BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL, moved TINYINT NOT NULL);

-- python: course_places INTO toolsync_place
SELECT c.id, c.category, CAST(c.sortorder AS SIGNED) - k.sortorder, COALESCE(t.isnew OR t.restored, 0), COALESCE(t.category, c.category),
       {{ "IF(t.isnew OR t.restored OR r.sortorder = c.sortorder, NULL, r.sortorder)" if given("sortorder") else "NULL" }}, CAST(@category_size AS SIGNED), t.line
  FROM toolsync_affected a
  JOIN {course} c ON c.category = a.categoryid
  JOIN {course_categories} k ON k.id = c.category
  LEFT JOIN toolsync_course t ON t.id = c.id{{ "" if given("sortorder") else " AND (t.isnew OR t.restored OR t.category <> t.formercategory)" }}
{% if given("sortorder") %}
  LEFT JOIN toolsync_row r ON r.line = t.line
{% endif %}
;

UPDATE toolsync_course t
  JOIN toolsync_place p ON p.courseid = t.id
   SET t.changed = 1
 WHERE p.moved AND NOT t.isnew;
