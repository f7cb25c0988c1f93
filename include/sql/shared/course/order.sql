{# What Moodle's fix_course_sortorder() mends in the categories of toolsync_affected (`categoryid`): the counts of courses, and the `sortorder` of courses that the
   caller has put into toolsync_sortorder (`id`, `sortorder`) because it changes. #}
UPDATE toolsync_sortorder p
  STRAIGHT_JOIN {course} c ON c.id = p.id
   SET c.sortorder = p.sortorder;

CREATE TEMPORARY TABLE toolsync_category_count (id BIGINT NOT NULL PRIMARY KEY, coursecount BIGINT NOT NULL);

INSERT INTO toolsync_category_count (id, coursecount)
SELECT k.id, d.counted
  FROM (SELECT a.categoryid, COUNT(c.id) AS counted
          FROM toolsync_affected a
          LEFT JOIN {course} c ON c.category = a.categoryid
         GROUP BY a.categoryid) d
  JOIN {course_categories} k ON k.id = d.categoryid AND k.coursecount <> d.counted;

UPDATE toolsync_category_count w
  STRAIGHT_JOIN {course_categories} k ON k.id = w.id
   SET k.coursecount = w.coursecount;
