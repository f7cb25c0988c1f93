-- A weekly course that computes its end date ends with its last section.

CREATE TEMPORARY TABLE toolsync_week_end (courseid BIGINT NOT NULL PRIMARY KEY, enddate BIGINT NOT NULL);

-- when: toolsync_weekly
-- python: week_ends INTO toolsync_week_end
SELECT t.id, c.startdate, MAX(s.section), @timezone
  FROM toolsync_weekly w
  JOIN toolsync_course t ON t.line = w.line
  JOIN {course} c ON c.id = t.id
  JOIN {course_sections} s ON s.course = c.id
 WHERE t.weekly AND (t.isnew OR t.changed OR t.touched)
 GROUP BY t.id, c.startdate;

-- when: toolsync_week_end
DELETE w FROM toolsync_week_end w JOIN toolsync_course t ON t.id = w.courseid WHERE t.enddate = w.enddate;

UPDATE toolsync_week_end w
  STRAIGHT_JOIN {course} c ON c.id = w.courseid
   SET c.enddate = w.enddate;
