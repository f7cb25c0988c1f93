{# `place`: SQL of the course's category, its place there, and whether somebody has sorted the courses there. Not given where the course stays. #}
-- Write the undo bundles of the lines that are done, and name them in the report.
CREATE TEMPORARY TABLE toolsync_undone (line INT UNSIGNED NOT NULL PRIMARY KEY, bundle VARCHAR(255) NOT NULL);

-- python: write_undo_bundles INTO toolsync_undone
SELECT t.line, t.courseid, t.shortname, t.fullname, t.idnumber, {{ place if place is defined else "NULL, NULL, NULL" }}
  FROM toolsync_plan t
  JOIN toolsync_row r ON r.line = t.line
 WHERE r.status IS NULL
 ORDER BY t.line;

INSERT INTO toolsync_note (line, message)
SELECT u.line, CONCAT('undo bundle ', u.bundle) FROM toolsync_undone u ORDER BY u.line;
