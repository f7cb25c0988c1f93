-- A person in a course, because `shift` concerns all its groups.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(CONCAT(r.courseid, '|', r.userid), 700), NULL
  FROM toolsync_row r;
