-- Create courses.
{% from "courses/fields.sql" import stored %}

-- chunks: toolsync_course.line
INSERT INTO {course} ({% for column in stored %}{{ column }}, {% endfor %}enddate, sortorder, calendartype, timecreated, timemodified, cacherev)
SELECT {% for column in stored %}t.{{ column }}, {% endfor %}t.enddate, k.sortorder + p.place, '', @now, @now, @now
  FROM toolsync_course t
  STRAIGHT_JOIN toolsync_place p ON p.courseid = @last_course + t.line
  STRAIGHT_JOIN toolsync_home k ON k.id = t.category
 WHERE t.isnew AND t.line BETWEEN @first AND @last
 ORDER BY t.line;

CREATE TEMPORARY TABLE toolsync_new_course (line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, hits INT NOT NULL);

INSERT INTO toolsync_new_course (line, courseid, hits)
SELECT t.line, MAX(c.id), COUNT(*)
  FROM toolsync_course t
  STRAIGHT_JOIN {course} c ON c.shortname = t.shortname
 WHERE t.isnew
 GROUP BY t.line;

-- Somebody may have given another course the same short name meanwhile: then the batch starts again.
-- python: check_pairs INTO toolsync_new_course
SELECT COUNT(*) FROM toolsync_new_course m WHERE m.hits > 1;

UPDATE toolsync_course t JOIN toolsync_new_course m ON m.line = t.line SET t.id = m.courseid;

INSERT INTO toolsync_left_waiting (id) SELECT m.courseid FROM toolsync_new_course m WHERE NOT @settles;

-- chunks: toolsync_new_course.line
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 50, m.courseid, 0 FROM toolsync_new_course m WHERE m.line BETWEEN @first AND @last ORDER BY m.line;

CREATE TEMPORARY TABLE toolsync_course_context (id BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, path VARCHAR(255) NULL, depth INT NULL);

-- when: toolsync_new_course
INSERT INTO toolsync_course_context (id, line, path, depth)
SELECT x.id, t.line, CONCAT(k.contextpath, '/', x.id), k.contextdepth + 1
  FROM toolsync_course t
  STRAIGHT_JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = t.id
  STRAIGHT_JOIN toolsync_home k ON k.id = t.category
 WHERE t.isnew;

UPDATE toolsync_course_context w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = w.depth;

INSERT INTO toolsync_course_context (id, line, path)
SELECT x.id, t.line, x.path
  FROM toolsync_was_course c
  JOIN toolsync_course t ON t.id = c.id
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 50 AND x.instanceid = c.id;

UPDATE toolsync_course_context x STRAIGHT_JOIN toolsync_course t ON t.line = x.line SET t.contextid = x.id, t.contextpath = x.path;
