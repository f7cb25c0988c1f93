{% set place = "r.category, r.place, r.byhand" %}
{% include "shared/course/undone.sql" %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'courses' FROM toolsync_row r WHERE r.status IS NULL LIMIT 1;

UPDATE toolsync_row r SET r.status = 'deleted' WHERE r.status IS NULL;
