{# What Moodle's fix_course_sortorder() mends, where what is back does not fit what others did since. Gaps alone are no fault: Moodle leaves them, too. #}
{% if "course_categories" in undone or "course" in undone or "context" in undone %}
{% include "shared/category_size.sql" %}

CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);
{% set tree = "course_categories" in undone %}
{% if tree %}

-- The whole tree in order. Of two categories with the same number, the one that is back was there first.
CREATE TEMPORARY TABLE toolsync_rank (id BIGINT NOT NULL PRIMARY KEY, parent BIGINT NOT NULL, place INT NOT NULL, KEY (parent));

INSERT INTO toolsync_rank (id, parent, place)
SELECT k.id, k.parent, ROW_NUMBER() OVER (PARTITION BY k.parent ORDER BY k.sortorder = 0, k.sortorder{{ ", b.id IS NULL" if back.get("course_categories") }}{{ ", w.id IS NULL" if was.get("course_categories") }}, k.id)
  FROM {course_categories} k
{% if back.get("course_categories") %}
  LEFT JOIN toolsync_back_course_categories b ON b.id = k.id
{% endif %}
{% if was.get("course_categories") %}
  LEFT JOIN toolsync_was_course_categories w ON w.id = k.id
{% endif %};

CREATE TEMPORARY TABLE toolsync_tree (
    id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NOT NULL, depth INT NOT NULL, contextid BIGINT NULL, contextpath VARCHAR(255) NULL, place VARCHAR(1000) NOT NULL,
    former BIGINT NOT NULL, number INT NOT NULL, sortorder BIGINT NOT NULL
);

INSERT INTO toolsync_tree (id, path, depth, contextid, contextpath, place, former, number, sortorder)
WITH RECURSIVE tree (id, path, depth, contextid, contextpath, place, former) AS (
    SELECT CAST(0 AS SIGNED), CAST('' AS CHAR(1000)), 0, x.id, CAST(x.path AS CHAR(1000)), CAST('' AS CHAR(1000)), CAST(0 AS SIGNED)
      FROM {context} x
     WHERE x.contextlevel = 10 AND x.instanceid = 0
     UNION ALL
    SELECT k.id, CONCAT(t.path, '/', k.id), t.depth + 1, x.id, CONCAT(t.contextpath, '/', x.id), CONCAT(t.place, LPAD(r.place, 6, '0')), k.sortorder
      FROM tree t
      STRAIGHT_JOIN toolsync_rank r ON r.parent = t.id
      STRAIGHT_JOIN {course_categories} k ON k.id = r.id
      STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 40 AND x.instanceid = k.id
)
SELECT id, path, depth, contextid, contextpath, place, former, ROW_NUMBER() OVER (ORDER BY former, id), @category_size * ROW_NUMBER() OVER (ORDER BY place)
  FROM tree
 WHERE id <> 0;

-- @tree_mixed: 1 if the numbers of categories are not in the order of the tree, or two have the same one; otherwise 0
SET @tree_mixed = (SELECT COALESCE(MAX(t.sortorder <> t.number * @category_size) OR COUNT(DISTINCT t.former) < COUNT(*) OR MIN(t.former) = 0, 0) FROM toolsync_tree t);

-- @tree_since: how many categories somebody made or changed since
SET @tree_since = (SELECT COUNT(*) FROM {course_categories} k WHERE k.timemodified > @made);
{% if was.get("course_categories") and "sortorder" in undone.course_categories.changed %}

-- @tree_kept: how many categories have another place since than the run gave them
SET @tree_kept = (SELECT COUNT(*)
                    FROM toolsync_was_course_categories w
                    JOIN toolsync_became_course_categories b ON b.id = w.id AND b.sortorder <> w.sortorder
                    JOIN {course_categories} k ON k.id = w.id AND k.sortorder <> w.sortorder);
{% else %}

-- @tree_kept: how many categories have another place since than the run gave them
SET @tree_kept = 0;
{% endif %}

CREATE TEMPORARY TABLE toolsync_category_right (id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NOT NULL, depth INT NOT NULL, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_category_right (id, path, depth, sortorder)
SELECT k.id, t.path, t.depth, IF(@tree_mixed OR @tree_since > 0 OR @tree_kept > 0, t.sortorder, k.sortorder)
  FROM toolsync_tree t
  JOIN {course_categories} k ON k.id = t.id
 WHERE k.path <> t.path OR k.depth <> t.depth OR (@tree_mixed OR @tree_since > 0 OR @tree_kept > 0) AND k.sortorder <> t.sortorder;

UPDATE toolsync_category_right w
  STRAIGHT_JOIN {course_categories} k ON k.id = w.id
   SET k.path = w.path, k.depth = w.depth, k.sortorder = w.sortorder;

INSERT IGNORE INTO toolsync_affected (categoryid) SELECT w.id FROM toolsync_category_right w;
{% for side in [back.get("course_categories"), was.get("course_categories")] | select %}

INSERT IGNORE INTO toolsync_affected (categoryid) SELECT k.id FROM {{ side }} b JOIN {course_categories} k ON k.id = b.id;
{% endfor %}
{% endif %}
{% for side in [back.get("course"), was.get("course")] | select %}

INSERT IGNORE INTO toolsync_affected (categoryid) SELECT DISTINCT c.category FROM {{ side }} b JOIN {course} c ON c.id = b.id;
{% endfor %}
{% if unmade.get("course") and "category" in undone.course.refers %}

INSERT IGNORE INTO toolsync_affected (categoryid) SELECT DISTINCT m.category FROM toolsync_unmake_course m WHERE m.category IS NOT NULL;
{% endif %}
{% if was.get("course") and "category" in undone.course.changed %}

INSERT IGNORE INTO toolsync_affected (categoryid) SELECT DISTINCT b.category FROM toolsync_became_course b WHERE b.category <> 0;
{% endif %}

-- The courses of these categories in order, each with its place in the category. Of two with the same place, the one that is back was there first.
CREATE TEMPORARY TABLE toolsync_course_place (
    id BIGINT NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL, home BIGINT NOT NULL, former BIGINT NOT NULL, place BIGINT NOT NULL, number BIGINT NOT NULL, since TINYINT NOT NULL,
    KEY (categoryid)
);
{% set moved = was.get("course") and "sortorder" in undone.course.changed %}

INSERT INTO toolsync_course_place (id, categoryid, home, former, place, number, since)
SELECT c.id, c.category, k.sortorder, c.sortorder, c.sortorder % @category_size,
       ROW_NUMBER() OVER (PARTITION BY c.category ORDER BY c.sortorder % @category_size{{ ", b.id IS NULL" if back.get("course") }}{{ ", w.id IS NULL" if moved }}, c.id DESC),
       GREATEST(c.timecreated, c.timemodified) > @made{{ " OR COALESCE(w.sortorder <> g.sortorder AND c.sortorder <> w.sortorder, 0)" if moved }}
  FROM toolsync_affected a
  JOIN {course} c ON c.category = a.categoryid
  JOIN {course_categories} k ON k.id = c.category
{% if back.get("course") %}
  LEFT JOIN toolsync_back_course b ON b.id = c.id
{% endif %}
{% if moved %}
  LEFT JOIN toolsync_was_course w ON w.id = c.id
  LEFT JOIN toolsync_became_course g ON g.id = c.id
{% endif %};

-- Categories in which two courses have one place; or none, or others than before, where somebody else was at work, too.
CREATE TEMPORARY TABLE toolsync_numbered (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_numbered (categoryid)
SELECT p.categoryid
  FROM toolsync_course_place p
 GROUP BY p.categoryid
HAVING COUNT(DISTINCT p.place) < COUNT(*) OR MIN(p.place) = 0 OR MAX(p.since) AND (MIN(p.place) <> 1 OR MAX(p.place) <> COUNT(*));

CREATE TEMPORARY TABLE toolsync_sortorder (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_sortorder (id, sortorder)
SELECT p.id, p.home + IF(n.categoryid IS NULL, p.place, p.number)
  FROM toolsync_course_place p
  LEFT JOIN toolsync_numbered n ON n.categoryid = p.categoryid
 WHERE p.former <> p.home + IF(n.categoryid IS NULL, p.place, p.number);

{% include "shared/course/order.sql" %}
{% include "undo/contexts.sql" %}
{% endif %}
