-- The course that receives people, by every line about it; the course that gives them, by lines that give. A course may do both.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(r.meta, 700), NULL
  FROM toolsync_row r
 WHERE r.meta <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(r.master, 700), 'gives'
  FROM toolsync_row r
 WHERE r.master <> '' AND NOT r.master <=> r.meta;
