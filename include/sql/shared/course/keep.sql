{% include "shared/course/along.sql" %}

{% include "shared/course/count_rows.sql" %}

-- Write all rows that go into undo bundles, one a course, before anything goes.
CREATE TEMPORARY TABLE toolsync_undo (courseid BIGINT NOT NULL PRIMARY KEY, bundle VARCHAR(255) NOT NULL);

-- python: keep_deleted_rows INTO toolsync_undo
SELECT t.line, t.courseid FROM toolsync_plan t ORDER BY t.line;
