-- Values that follow from the format and the dates.

UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN {course_format_options} o ON o.courseid = COALESCE(t.id, t.templateid) AND o.format = 'weeks' AND o.sectionid = 0 AND o.name = 'automaticenddate'
   SET t.weekly = COALESCE(r.automaticenddate, o.value, '1') <> '0'
 WHERE t.format = 'weeks';

UPDATE toolsync_course t
  JOIN {course} c ON c.id = t.id
   SET t.enddate = c.enddate
 WHERE t.weekly;

-- Formats without announcements show none. A line that only repeats the stored values changes nothing.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN {course} c ON c.id = t.id
   SET t.newsitems = 0
 WHERE r.format <> '' AND t.format IN ('social', 'singleactivity') AND NOT (t.format = c.format AND t.newsitems = c.newsitems);
