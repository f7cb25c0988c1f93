-- A category goes after its subcategories.

INSERT INTO toolsync_touch (line, thing)
SELECT r.line, CONCAT('category ', r.id)
  FROM toolsync_row r;

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('category ', k.parent), 'in it'
  FROM toolsync_row r
  JOIN {course_categories} k ON k.id = r.id
 WHERE k.parent <> 0;
