-- The course that receives people, and the course that gives them. Lines that take people from the same course commute; a course may be both.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(r.meta, 700), NULL
  FROM toolsync_row r
 WHERE r.meta <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(r.master, 700), 'gives'
  FROM toolsync_row r
 WHERE r.master <> '' AND NOT r.master <=> r.meta;
