-- The events of this batch, in the order in which the log gets them.
CREATE TEMPORARY TABLE toolsync_log (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, target VARCHAR(100) NOT NULL, action VARCHAR(100) NOT NULL, crud VARCHAR(1) NOT NULL, objecttable VARCHAR(50) NULL, edulevel TINYINT NOT NULL, objectid BIGINT NULL, contextlevel BIGINT NOT NULL, instanceid BIGINT NOT NULL, courseid BIGINT NOT NULL, relateduserid BIGINT NULL, other LONGTEXT NOT NULL);
-- Accounts of which something changed, whatever table it stands in.
CREATE TEMPORARY TABLE toolsync_log_account (id BIGINT NOT NULL PRIMARY KEY);
-- Courses of which a setting changed, whatever table it stands in; new ones are not among them.
CREATE TEMPORARY TABLE toolsync_log_settings (id BIGINT NOT NULL PRIMARY KEY);
