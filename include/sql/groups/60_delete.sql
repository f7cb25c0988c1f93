INSERT IGNORE INTO toolsync_group_gone (groupid)
SELECT r.target FROM toolsync_row r WHERE r.status IS NULL AND r.command = 'del' AND r.kind = 'group';

INSERT IGNORE INTO toolsync_grouping_gone (groupingid)
SELECT r.target FROM toolsync_row r WHERE r.status IS NULL AND r.command = 'del' AND r.kind = 'grouping';

{% include "shared/delete_groups.sql" %}

UPDATE toolsync_row r
   SET r.status = IF(r.command = 'del', 'deleted', 'unchanged')
 WHERE r.status IS NULL;
