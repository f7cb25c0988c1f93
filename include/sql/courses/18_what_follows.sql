-- Values that follow from the format and the dates.

CREATE TEMPORARY TABLE toolsync_weekly (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_weekly (line)
SELECT t.line
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN {course_format_options} o ON o.courseid = COALESCE(t.id, t.templateid) AND o.format = 'weeks' AND o.sectionid = 0 AND o.name = 'automaticenddate'
 WHERE t.format = 'weeks' AND COALESCE(r.automaticenddate, o.value, '1') <> '0';

UPDATE toolsync_course t JOIN toolsync_weekly w ON w.line = t.line SET t.weekly = 1;

UPDATE toolsync_course t
  JOIN toolsync_weekly w ON w.line = t.line
  JOIN toolsync_was_course c ON c.id = t.id
   SET t.enddate = c.enddate;

-- Formats without announcements show none. A line that only repeats the stored values changes nothing.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN toolsync_was_course c ON c.id = t.id
   SET t.newsitems = 0
 WHERE r.format <> '' AND t.format IN ('social', 'singleactivity') AND NOT (t.format = c.format AND t.newsitems = c.newsitems);
