-- The categories that may go, with their full paths: the category with the idnumber @root and all below it; all categories if it is empty.

CREATE TEMPORARY TABLE toolsync_candidate (
    categoryid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NULL, depth INT NOT NULL, name VARCHAR(4000) NOT NULL, KEY (contextid)
);

INSERT INTO toolsync_candidate (categoryid, contextid, depth, name)
WITH RECURSIVE named (id, depth, name, inside) AS (
    SELECT k.id, 1, CAST(k.name AS CHAR(4000)), @root = '' OR COALESCE(k.idnumber = @root COLLATE utf8mb4_bin, 0)
      FROM {course_categories} k
     WHERE k.parent = 0
     UNION ALL
    SELECT k.id, n.depth + 1, CONCAT(n.name, ' / ', k.name), n.inside OR COALESCE(k.idnumber = @root COLLATE utf8mb4_bin, 0)
      FROM named n
      STRAIGHT_JOIN {course_categories} k {{ by_index("course_categories", "parent") }} ON k.parent = n.id
)
SELECT n.id, x.id, n.depth, n.name
  FROM named n
  LEFT JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = n.id
 WHERE n.inside;

{% include "categories_clean/content.sql" %}
