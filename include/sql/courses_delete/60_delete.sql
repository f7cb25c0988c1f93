-- Delete all rows of these courses.
{% if not rehearsal %}
-- The categories that they leave.
CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT c.category FROM toolsync_of_course p JOIN {course} c ON c.id = p.id;

-- For the undo bundles: the places of their courses, and whether somebody has sorted these. Otherwise the newest comes first.
CREATE TEMPORARY TABLE toolsync_former (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, place BIGINT NOT NULL, byage BIGINT NOT NULL, KEY (category));

INSERT INTO toolsync_former (courseid, category, place, byage)
SELECT c.id, c.category, ROW_NUMBER() OVER (PARTITION BY c.category ORDER BY c.sortorder, c.id DESC), ROW_NUMBER() OVER (PARTITION BY c.category ORDER BY c.id DESC)
  FROM toolsync_affected a
  JOIN {course} c ON c.category = a.categoryid;

CREATE TEMPORARY TABLE toolsync_sorted (category BIGINT NOT NULL PRIMARY KEY, byhand TINYINT NOT NULL);

INSERT INTO toolsync_sorted (category, byhand) SELECT f.category, MAX(f.place <> f.byage) FROM toolsync_former f GROUP BY f.category;

UPDATE toolsync_row r
  JOIN toolsync_former f ON f.courseid = r.courseid
  JOIN toolsync_sorted s ON s.category = f.category
   SET r.category = f.category, r.place = f.place, r.byhand = s.byhand
 WHERE r.status IS NULL;
{% endif %}

{% include "shared/course/take.sql" %}
{% if not rehearsal %}

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
{% endif %}
