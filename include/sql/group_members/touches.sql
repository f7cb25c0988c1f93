-- A person in a course: `shift` looks at all groups of it.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT(r.courseid, '|', r.userid), 700), NULL
  FROM toolsync_row r;
