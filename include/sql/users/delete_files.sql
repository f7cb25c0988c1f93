-- Files in toolsync_file_gone: with the site's data folder at hand their rows go, and after the commit the contents that nothing else has.
-- Otherwise Moodle's own cron does both.
DROP TEMPORARY TABLE IF EXISTS toolsync_file_deleted;
CREATE TEMPORARY TABLE toolsync_file_deleted (id BIGINT NOT NULL PRIMARY KEY);

-- python: toolsync.dataroot.deletable INTO toolsync_file_deleted
SELECT g.id, f.contenthash FROM toolsync_file_gone g JOIN {files} f ON f.id = g.id;

DELETE f FROM {files} f JOIN toolsync_file_deleted d ON d.id = f.id;
DELETE g FROM toolsync_file_gone g JOIN toolsync_file_deleted d ON d.id = g.id;

{% include "shared/files_gone.sql" %}
