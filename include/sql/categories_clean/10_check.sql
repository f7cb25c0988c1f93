-- Check that each category is still empty: somebody may have put something into it since it was found.

CREATE TEMPORARY TABLE toolsync_was_category (id BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NULL);

INSERT IGNORE INTO toolsync_was_category (id, contextid)
SELECT k.id, x.id
  FROM toolsync_row r
  JOIN {course_categories} k ON k.id = r.id
  LEFT JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = k.id;

UPDATE toolsync_row r
  LEFT JOIN toolsync_was_category k ON k.id = r.id
   SET r.contextid = k.contextid, r.status = IF(k.id IS NULL, 'unchanged', NULL);

INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'id', 'this category is gone already'
  FROM toolsync_row r
 WHERE r.status = 'unchanged';

CREATE TEMPORARY TABLE toolsync_candidate (categoryid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NULL, KEY (contextid));

INSERT INTO toolsync_candidate (categoryid, contextid)
SELECT r.id, r.contextid FROM toolsync_row r WHERE r.status IS NULL;

{% include "categories_clean/content.sql" %}

INSERT INTO toolsync_content (categoryid, place, what)
SELECT r.id, 0, CONCAT(COUNT(*), IF(COUNT(*) = 1, ' category', ' categories'))
  FROM toolsync_row r
  JOIN {course_categories} k ON k.parent = r.id
 WHERE r.status IS NULL
 GROUP BY r.id;

UPDATE toolsync_row r
  JOIN (SELECT c.categoryid, GROUP_CONCAT(c.what ORDER BY c.place SEPARATOR ', ') AS what FROM toolsync_content c GROUP BY c.categoryid) c ON c.categoryid = r.id
   SET r.status = 'failed', r.field = 'id', r.message = CONCAT('this category is not empty: it holds ', c.what)
 WHERE r.status IS NULL;

-- Moodle needs at least one category.
-- @others: number of top-level categories that stay
SET @others = (SELECT COUNT(*) FROM {course_categories} k LEFT JOIN toolsync_row r ON r.id = k.id AND r.status IS NULL WHERE k.parent = 0 AND r.id IS NULL);
-- @last_line: the last line with a top-level category that would go; NULL: there is none
SET @last_line = (SELECT MAX(r.line) FROM {course_categories} k JOIN toolsync_row r ON r.id = k.id AND r.status IS NULL WHERE k.parent = 0);

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'id', r.message = 'this is the last category of the site, and Moodle needs one'
 WHERE r.line = @last_line AND @others = 0;
