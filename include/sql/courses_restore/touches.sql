-- A course; and all of them for a bundle with changes of other courses (those that follow by meta link).
{% from "shared/course/key.sql" import key with context %}
-- python: undo_touches INTO toolsync_touch
SELECT r.line, '{{ key.column }}', COALESCE(CAST(r.{{ key.column }} AS CHAR), ''), {{ "NULLIF(r.bundle, '')" if given("bundle") else "NULL" }}, '{{ option.undo_of }}'
  FROM toolsync_row r
 ORDER BY r.line;
