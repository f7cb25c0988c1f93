-- The bundles are written, open sessions look again, and each line has its outcome.
CREATE TEMPORARY TABLE toolsync_undone (line INT UNSIGNED NOT NULL PRIMARY KEY, bundle VARCHAR(255) NOT NULL);

-- python: toolsync.undo.finish INTO toolsync_undone
SELECT r.line, r.courseid, t.shortname, t.fullname, t.idnumber
  FROM toolsync_row r
  JOIN toolsync_plan t ON t.line = r.line
 WHERE r.status IS NULL;

INSERT INTO toolsync_note (line, message)
SELECT u.line, CONCAT('undo bundle ', u.bundle) FROM toolsync_undone u ORDER BY u.line;

UPDATE {course} c
  JOIN toolsync_of_course p ON p.id = c.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

UPDATE toolsync_row r SET r.status = 'updated' WHERE r.status IS NULL;
