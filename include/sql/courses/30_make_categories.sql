-- Create the categories that are missing in the paths of the remaining lines, and number the tree anew, as Moodle does after each new category.
{% from "courses/fields.sql" import written with context %}

DELETE FROM toolsync_category WHERE categoryid IS NULL;

{% include "courses/category_paths.sql" %}

CREATE TEMPORARY TABLE toolsync_standing (path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL, level INT NOT NULL);
CREATE TEMPORARY TABLE toolsync_deepest (path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL);

INSERT INTO toolsync_standing (path, categoryid, level)
SELECT p.path, p.categoryid, p.level FROM toolsync_category p WHERE p.categoryid IS NOT NULL;

INSERT INTO toolsync_deepest (path, categoryid)
SELECT p.path, SUBSTRING_INDEX(GROUP_CONCAT(s.categoryid ORDER BY s.level DESC), ',', 1)
  FROM toolsync_category p
  JOIN toolsync_level n ON n.n < p.level
  JOIN toolsync_standing s ON s.path = SUBSTRING_INDEX(p.path, ' / ', n.n)
 WHERE p.categoryid IS NULL
 GROUP BY p.path;

UPDATE toolsync_category p JOIN toolsync_deepest a ON a.path = p.path SET p.standing = a.categoryid;

-- Of paths in one category that differ in letter case alone, the first one is created, and all the others mean it.
CREATE TEMPORARY TABLE toolsync_first_path (
    standing BIGINT NOT NULL, lowered VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (standing, lowered), KEY (path)
);

INSERT IGNORE INTO toolsync_first_path (standing, lowered, path)
SELECT p.standing, p.lowered, p.path
  FROM toolsync_category p
 WHERE p.categoryid IS NULL
 ORDER BY p.line, p.level;

UPDATE toolsync_category p JOIN toolsync_first_path f ON f.path = p.path SET p.makes = 1;

-- @last_category: the highest id of a category before any is created
SET @last_category = (SELECT MAX(id) FROM {course_categories});

-- chunks: toolsync_category.line
INSERT INTO {course_categories} (name, description, descriptionformat, parent, sortorder, coursecount, visible, visibleold, timemodified, depth, path)
SELECT p.name, '', 0, 0, 0, 0, 1, {{ 1 if option.new_categories_visible else 0 }}, @now, p.level, CONCAT('new ', p.line, ' ', p.level)
  FROM toolsync_category p
 WHERE p.makes AND p.line BETWEEN @first AND @last
 ORDER BY p.line, p.level;

CREATE TEMPORARY TABLE toolsync_new_category (
    id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, parentpath VARCHAR(750) COLLATE utf8mb4_bin NOT NULL, KEY (path)
);

INSERT INTO toolsync_new_category (id, path, parentpath)
SELECT c.id, p.path, p.parentpath
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_category p ON p.line = SUBSTRING_INDEX(SUBSTRING(c.path, 5), ' ', 1) + 0 AND c.path = CONCAT('new ', p.line, ' ', p.level)
 WHERE c.id > @last_category AND p.makes;

UPDATE toolsync_new_category c
  STRAIGHT_JOIN toolsync_first_path f ON f.path = c.path
  STRAIGHT_JOIN toolsync_category p ON p.lowered = f.lowered AND p.standing = f.standing
   SET p.categoryid = c.id, p.stands = f.path
 WHERE p.categoryid IS NULL;

-- chunks: toolsync_new_category.id
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 40, c.id, 0 FROM toolsync_new_category c WHERE c.id BETWEEN @first AND @last ORDER BY c.id;

-- The parents of new categories that have one.
CREATE TEMPORARY TABLE toolsync_parent (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL);

INSERT INTO toolsync_parent (id, parent)
SELECT c.id, u.categoryid
  FROM toolsync_new_category c
  JOIN toolsync_category u ON u.path = c.parentpath;

-- The whole tree in order. New categories come last among their siblings.
CREATE TEMPORARY TABLE toolsync_rank (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL, place INT NOT NULL, KEY (parent));

-- when: toolsync_new_category
INSERT INTO toolsync_rank (id, parent, place)
SELECT c.id, COALESCE(u.parent, c.parent), ROW_NUMBER() OVER (PARTITION BY COALESCE(u.parent, c.parent) ORDER BY c.sortorder = 0, c.sortorder, c.id)
  FROM {course_categories} c
  LEFT JOIN toolsync_parent u ON u.id = c.id;

CREATE TEMPORARY TABLE toolsync_tree (
    id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL, path VARCHAR(255) NOT NULL, visible TINYINT NOT NULL, contextid BIGINT NOT NULL,
    contextpath VARCHAR(255) NOT NULL, depth INT NOT NULL, former BIGINT NOT NULL, sortorder BIGINT NOT NULL
);

-- when: toolsync_rank
INSERT INTO toolsync_tree (id, parent, path, visible, contextid, contextpath, depth, former, sortorder)
WITH RECURSIVE tree (id, parent, path, visible, contextid, contextpath, depth, former, place) AS (
    SELECT CAST(0 AS SIGNED), CAST(0 AS SIGNED), CAST('' AS CHAR(1000)), 1, x.id, CAST(x.path AS CHAR(1000)), 0, CAST(0 AS SIGNED), CAST('' AS CHAR(1000))
      FROM {context} x
     WHERE x.contextlevel = 10 AND x.instanceid = 0
     UNION ALL
    SELECT c.id, t.id, CONCAT(t.path, '/', c.id), IF(c.id > @last_category, c.visibleold AND t.visible, c.visible), x.id, CONCAT(t.contextpath, '/', x.id),
           t.depth + 1, c.sortorder, CONCAT(t.place, LPAD(k.place, 6, '0'))
      FROM tree t
      STRAIGHT_JOIN toolsync_rank k ON k.parent = t.id
      STRAIGHT_JOIN {course_categories} c ON c.id = k.id
      STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 40 AND x.instanceid = c.id
)
SELECT id, parent, path, visible, contextid, contextpath, depth, former, @category_size * ROW_NUMBER() OVER (ORDER BY place)
  FROM tree
 WHERE id <> 0;

DELETE FROM toolsync_rank;

DELETE t FROM toolsync_tree t WHERE t.sortorder = t.former AND t.id <= @last_category;

-- Courses move with the sortorder of their category.
CREATE TEMPORARY TABLE toolsync_course_shift (id BIGINT NOT NULL PRIMARY KEY, shift BIGINT NOT NULL);

INSERT INTO toolsync_course_shift (id, shift)
SELECT c.id, t.sortorder - t.former
  FROM toolsync_tree t
  JOIN {course} c ON c.category = t.id
 WHERE t.id <= @last_category;

UPDATE toolsync_course_shift w
  STRAIGHT_JOIN {course} c ON c.id = w.id
   SET c.sortorder = c.sortorder + w.shift;

-- Of a category that was there, only the sortorder changes.
UPDATE toolsync_tree t
  STRAIGHT_JOIN {course_categories} c ON c.id = t.id
   SET c.sortorder = t.sortorder,
       c.parent = IF(t.id > @last_category, t.parent, c.parent), c.path = IF(t.id > @last_category, t.path, c.path),
       c.depth = IF(t.id > @last_category, t.depth, c.depth), c.visible = IF(t.id > @last_category, t.visible, c.visible);

UPDATE toolsync_tree t
  STRAIGHT_JOIN {context} x ON x.id = t.contextid
   SET x.path = t.contextpath, x.depth = t.depth + 1
 WHERE t.id > @last_category;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'categories' FROM toolsync_new_category c LIMIT 1;

{% include "courses/path_ids.sql" %}

-- Say which categories are new, and which are meant by paths that differ in letter case.
INSERT INTO toolsync_note (line, field, message)
SELECT w.line, w.field, CONCAT('the category ', {{ written("c.path") }}, ' is new')
  FROM toolsync_new_category c
  JOIN toolsync_category p ON p.path = c.path
  JOIN toolsync_wish w ON w.line = p.line
 ORDER BY p.line, p.level;

CREATE TEMPORARY TABLE toolsync_meant (path VARCHAR(750) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, stands VARCHAR(750) NOT NULL);

INSERT INTO toolsync_meant (path, stands)
SELECT p.path, p.stands FROM toolsync_category p WHERE {{ written("p.stands") }} <> {{ written("p.path") }};

INSERT INTO toolsync_note (line, field, message)
SELECT w.line, w.field, CONCAT('category ', {{ written("m.stands") }}, ' is meant')
  FROM toolsync_meant m
  JOIN toolsync_wish w ON w.value = m.path
  JOIN toolsync_course t ON t.line = w.line
 WHERE w.kind = 'path';

UPDATE toolsync_course t
  JOIN toolsync_wish w ON w.line = t.line
   SET t.category = w.categoryid;

-- The categories in which these courses are or will be.
CREATE TEMPORARY TABLE toolsync_home (
    id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL, visible TINYINT NOT NULL, contextpath VARCHAR(255) NULL, contextdepth INT NULL
);

INSERT INTO toolsync_home (id, sortorder, visible, contextpath, contextdepth)
SELECT k.id, k.sortorder, k.visible, x.path, x.depth
  FROM (SELECT t.category AS id FROM toolsync_course t GROUP BY t.category) d
  STRAIGHT_JOIN {course_categories} k ON k.id = d.id
  LEFT JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 40 AND x.instanceid = k.id;

INSERT IGNORE INTO toolsync_home (id, sortorder, visible, contextpath, contextdepth)
SELECT k.id, k.sortorder, k.visible, x.path, x.depth
  FROM (SELECT t.formercategory AS id FROM toolsync_course t WHERE t.category <> t.formercategory GROUP BY t.formercategory) d
  STRAIGHT_JOIN {course_categories} k ON k.id = d.id
  LEFT JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 40 AND x.instanceid = k.id;

-- A visible course that moves into a hidden category is hidden, and `visibleold` remembers that it was visible.
UPDATE toolsync_course t
  JOIN toolsync_was_course c ON c.id = t.id
  JOIN toolsync_home k ON k.id = t.category
   SET t.visibleold = t.visible
 WHERE t.visible <> c.visible AND NOT (t.visible = 1 AND c.visibleold = 1 AND k.visible = 0);

UPDATE toolsync_course t
  JOIN toolsync_was_course c ON c.id = t.id
  JOIN toolsync_home k ON k.id = t.category
   SET t.visible = 0
 WHERE t.visible = 1 AND k.visible = 0 AND (c.visible = 1 AND t.category <> c.category OR c.visible = 0 AND c.visibleold = 1);
