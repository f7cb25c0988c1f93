-- Create courses.
{% from "courses/fields.sql" import stored %}

INSERT INTO {course} ({% for column in stored %}{{ column }}, {% endfor %}enddate, sortorder, calendartype, timecreated, timemodified, cacherev)
SELECT {% for column in stored %}t.{{ column }}, {% endfor %}t.enddate, 0, '', @now, @now, @now
  FROM toolsync_course t
 WHERE t.isnew
 ORDER BY t.line;

UPDATE toolsync_course t
  JOIN {course} c ON c.shortname = t.shortname
   SET t.id = c.id
 WHERE t.isnew;

INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 50, t.id, 0 FROM toolsync_course t WHERE t.isnew ORDER BY t.line;

UPDATE toolsync_course t
  STRAIGHT_JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = t.id
  STRAIGHT_JOIN {context} k ON k.contextlevel = 40 AND k.instanceid = t.category
   SET x.path = CONCAT(k.path, '/', x.id), x.depth = k.depth + 1
 WHERE t.isnew;

UPDATE toolsync_course t
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = t.id
   SET t.contextid = x.id, t.contextpath = x.path;
