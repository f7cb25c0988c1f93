{% include "shared/course/along.sql" %}

{% include "shared/course/count_rows.sql" %}

-- What goes is written into an undo bundle a course, before anything goes.
CREATE TEMPORARY TABLE toolsync_undo (courseid BIGINT NOT NULL PRIMARY KEY, bundle VARCHAR(255) NOT NULL);

-- python: toolsync.undo.keep INTO toolsync_undo
SELECT r.line, r.courseid FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;
