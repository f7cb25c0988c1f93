-- Create the categories that are missing in the paths of the remaining lines, and number the tree anew, as Moodle does after each new category.

DELETE FROM toolsync_category WHERE categoryid IS NULL;

{% from "courses/fields.sql" import levels %}
{% include "courses/category_paths.sql" %}

-- @last_category: the highest id of a category before any is created
SET @last_category = (SELECT MAX(id) FROM {course_categories});

INSERT INTO {course_categories} (name, description, descriptionformat, parent, sortorder, coursecount, visible, visibleold, timemodified, depth, path)
SELECT p.name, '', 0, 0, 0, 0, 1, {{ 1 if option.new_categories_visible else 0 }}, @now, p.level, CONCAT('new ', p.line, ' ', p.level)
  FROM toolsync_category p
 WHERE p.categoryid IS NULL
 ORDER BY p.line, p.level;

UPDATE toolsync_category p
  JOIN {course_categories} c ON c.id > @last_category AND c.path = CONCAT('new ', p.line, ' ', p.level)
   SET p.categoryid = c.id, p.made = 1
 WHERE p.categoryid IS NULL;

-- @made_categories: number of categories that were created
SET @made_categories = (SELECT COUNT(*) FROM toolsync_category WHERE made);

CREATE TEMPORARY TABLE toolsync_parent (path VARCHAR(750) NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL);

INSERT INTO toolsync_parent (path, categoryid) SELECT p.path, p.categoryid FROM toolsync_category p WHERE @made_categories > 0;

UPDATE {course_categories} c
  JOIN toolsync_category p ON p.categoryid = c.id AND p.made
  JOIN toolsync_parent u ON u.path = p.parentpath
   SET c.parent = u.categoryid;

INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 40, p.categoryid, 0 FROM toolsync_category p WHERE p.made ORDER BY p.categoryid;

-- The whole tree in order. New categories come last among their siblings.
CREATE TEMPORARY TABLE toolsync_rank (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL, place INT NOT NULL, KEY (parent));

INSERT INTO toolsync_rank (id, parent, place)
SELECT c.id, c.parent, ROW_NUMBER() OVER (PARTITION BY c.parent ORDER BY c.sortorder = 0, c.sortorder, c.id)
  FROM {course_categories} c
 WHERE @made_categories > 0;

CREATE TEMPORARY TABLE toolsync_tree (
    id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NOT NULL, visible TINYINT NOT NULL, contextid BIGINT NOT NULL, contextpath VARCHAR(255) NOT NULL,
    depth INT NOT NULL, former BIGINT NOT NULL, sortorder BIGINT NOT NULL
);

INSERT INTO toolsync_tree (id, path, visible, contextid, contextpath, depth, former, sortorder)
WITH RECURSIVE tree (id, path, visible, contextid, contextpath, depth, former, place) AS (
    SELECT CAST(0 AS SIGNED), CAST('' AS CHAR(1000)), 1, x.id, CAST(x.path AS CHAR(1000)), 0, CAST(0 AS SIGNED), CAST('' AS CHAR(1000))
      FROM {context} x
     WHERE x.contextlevel = 10
     UNION ALL
    SELECT c.id, CONCAT(t.path, '/', c.id), IF(c.id > @last_category, c.visibleold AND t.visible, c.visible), x.id, CONCAT(t.contextpath, '/', x.id),
           t.depth + 1, c.sortorder, CONCAT(t.place, LPAD(k.place, 6, '0'))
      FROM tree t
      JOIN toolsync_rank k ON k.parent = t.id
      JOIN {course_categories} c ON c.id = k.id
      JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = c.id
)
SELECT id, path, visible, contextid, contextpath, depth, former, @category_size * ROW_NUMBER() OVER (ORDER BY place)
  FROM tree
 WHERE id <> 0;

UPDATE {course} c
  JOIN toolsync_tree t ON t.id = c.category AND t.sortorder <> t.former AND t.id <= @last_category
   SET c.sortorder = c.sortorder - t.former + t.sortorder;

UPDATE {course_categories} c
  JOIN toolsync_tree t ON t.id = c.id
   SET c.path = t.path, c.depth = t.depth, c.visible = t.visible, c.sortorder = t.sortorder
 WHERE t.sortorder <> t.former OR t.id > @last_category;

UPDATE {context} x
  JOIN toolsync_tree t ON t.contextid = x.id AND t.id > @last_category
   SET x.path = t.contextpath, x.depth = t.depth + 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'categories' FROM DUAL WHERE @made_categories > 0;

{% include "courses/path_ids.sql" %}

UPDATE toolsync_course t
  JOIN toolsync_wish w ON w.line = t.line
   SET t.category = w.categoryid;

-- A visible course that moves into a hidden category is hidden, and `visibleold` remembers that it was visible.
UPDATE toolsync_course t
  JOIN {course} c ON c.id = t.id
  JOIN {course_categories} k ON k.id = t.category
   SET t.visibleold = t.visible
 WHERE t.visible <> c.visible AND NOT (t.visible = 1 AND c.visibleold = 1 AND k.visible = 0);

UPDATE toolsync_course t
  JOIN {course} c ON c.id = t.id
  JOIN {course_categories} k ON k.id = t.category
   SET t.visible = 0
 WHERE t.visible = 1 AND k.visible = 0 AND (c.visible = 1 AND t.category <> c.category OR c.visible = 0 AND c.visibleold = 1);
