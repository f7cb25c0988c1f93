CREATE TEMPORARY TABLE toolsync_undone (line INT UNSIGNED NOT NULL PRIMARY KEY, bundle VARCHAR(255) NOT NULL);

-- python: toolsync.undo.finish INTO toolsync_undone
SELECT r.line, r.courseid, t.shortname, t.fullname, t.idnumber
  FROM toolsync_row r
  JOIN toolsync_plan t ON t.line = r.line
 WHERE r.status IS NULL;

INSERT INTO toolsync_note (line, message)
SELECT u.line, CONCAT('undo bundle ', u.bundle) FROM toolsync_undone u ORDER BY u.line;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'courses' FROM toolsync_row r WHERE r.status IS NULL LIMIT 1;

UPDATE toolsync_row r SET r.status = 'deleted' WHERE r.status IS NULL;
