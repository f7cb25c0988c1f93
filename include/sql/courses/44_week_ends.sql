-- A weekly course that computes its end date ends with its last section.

CREATE TEMPORARY TABLE toolsync_week_end (courseid BIGINT NOT NULL PRIMARY KEY, enddate BIGINT NOT NULL);

-- python: week_ends INTO toolsync_week_end
SELECT c.id, c.startdate, MAX(s.section), @timezone
  FROM toolsync_course t
  JOIN {course} c ON c.id = t.id
  JOIN {course_sections} s ON s.course = c.id
 WHERE t.weekly AND (t.isnew OR t.changed OR t.touched)
 GROUP BY c.id, c.startdate;

UPDATE {course} c
  JOIN toolsync_week_end w ON w.courseid = c.id
   SET c.enddate = w.enddate
 WHERE c.enddate <> w.enddate;
