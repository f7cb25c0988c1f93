-- The course. A line whose bundle also holds changes of other courses (those with a meta link) waits for all others.
{% from "shared/course/key.sql" import key with context %}
-- python: undo_touches INTO toolsync_touch
SELECT r.line, '{{ key.column }}', COALESCE(CAST(r.{{ key.column }} AS CHAR), ''), {{ "NULLIF(r.bundle, '')" if given("bundle") else "NULL" }}, '{{ option.undo_of }}'
  FROM toolsync_row r
 ORDER BY r.line;
