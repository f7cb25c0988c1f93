-- Delete all rows of these courses.

-- The categories that they leave.
CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT c.category FROM toolsync_of_course p JOIN {course} c ON c.id = p.id;

{% include "shared/course/take.sql" %}

-- The courses that remain there are numbered from 1 on.
CREATE TEMPORARY TABLE toolsync_sortorder (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_sortorder (id, sortorder)
SELECT d.id, d.sortorder
  FROM (SELECT c.id, c.sortorder AS former, k.sortorder + ROW_NUMBER() OVER (PARTITION BY c.category ORDER BY c.sortorder, c.id DESC) AS sortorder
          FROM toolsync_affected a
          JOIN {course_categories} k ON k.id = a.categoryid
          JOIN {course} c ON c.category = a.categoryid) d
 WHERE d.sortorder <> d.former;

{% include "shared/course/order.sql" %}
