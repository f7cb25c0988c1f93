-- The course. Of two lines about the same one, the second finds it gone.
{% from "shared/course/key.sql" import key with context %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, LEFT(r.{{ key.column }}, 700), NULL
  FROM toolsync_row r
 WHERE r.{{ key.column }} IS NOT NULL;
