{% include "shared/course/resolve.sql" %}

CREATE TEMPORARY TABLE toolsync_of_course (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_of_course (id, courseid)
SELECT r.courseid, r.courseid FROM toolsync_row r WHERE r.status IS NULL;

{% include "shared/course/collect.sql" %}
