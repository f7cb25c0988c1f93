-- For docker-compose.yaml: MariaDB's image gives its account every right; these are the ones that Tool Sync needs.
REVOKE ALL PRIVILEGES ON `moodle`.* FROM 'toolsync'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES ON `moodle`.* TO 'toolsync'@'%';
