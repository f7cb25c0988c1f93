-- The empty ones among them.

CREATE TEMPORARY TABLE toolsync_kept (categoryid BIGINT NOT NULL PRIMARY KEY);

{% if option.whole_branches %}
-- Content of a category counts for all categories above it.
INSERT INTO toolsync_kept (categoryid)
WITH RECURSIVE up (id) AS (
    SELECT c.categoryid FROM toolsync_content c
     UNION
    SELECT k.parent FROM up u JOIN {course_categories} k ON k.id = u.id WHERE k.parent <> 0
)
SELECT id FROM up;
{% else %}
INSERT IGNORE INTO toolsync_kept (categoryid) SELECT c.categoryid FROM toolsync_content c;
INSERT IGNORE INTO toolsync_kept (categoryid) SELECT k.parent FROM {course_categories} k WHERE k.parent <> 0;
{% endif %}

CREATE TEMPORARY TABLE toolsync_empty (id BIGINT NOT NULL PRIMARY KEY, depth INT NOT NULL, sortorder BIGINT NOT NULL, name VARCHAR(4000) NOT NULL);

INSERT INTO toolsync_empty (id, depth, sortorder, name)
SELECT k.id, t.depth, k.sortorder, t.name
  FROM toolsync_candidate t
  JOIN {course_categories} k ON k.id = t.categoryid
  LEFT JOIN toolsync_kept n ON n.categoryid = t.categoryid
 WHERE n.categoryid IS NULL;

-- Moodle needs at least one category: keep the top category that takes course requests, itself or in a subcategory, else the first.
-- @others: number of top-level categories that are not empty
-- @request_category: path of ids of the category that takes requests for courses; NULL: the site has none
SET @others = (SELECT COUNT(*) FROM {course_categories} k LEFT JOIN toolsync_empty e ON e.id = k.id WHERE k.parent = 0 AND e.id IS NULL),
    @request_category = (SELECT MAX(k.path) FROM {config} c JOIN {course_categories} k ON k.id = c.value + 0 WHERE c.name = 'defaultrequestcategory');
-- @needed: id of the top-level category that stays when all are empty: the one that holds @request_category, otherwise the first
SET @needed = (SELECT k.id FROM {course_categories} k WHERE k.parent = 0 ORDER BY CONCAT(@request_category, '/') LIKE CONCAT(k.path, '/%') DESC, k.sortorder LIMIT 1);

DELETE FROM toolsync_empty WHERE id = @needed AND @others = 0;
