-- New courses whose template is a backup file: Moodle's own program restored it before this transaction, and the line is applied to that course.
-- Until then (in a rehearsal or simulation), a bare new course stands for it.
{% if given("template") %}

UPDATE toolsync_row SET backup = NULL WHERE status IS NOT NULL OR courseid IS NOT NULL;

CREATE TEMPORARY TABLE toolsync_restored (line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NULL, field VARCHAR(255) NULL, message TEXT NULL);

-- python: backups_known INTO toolsync_restored
SELECT r.line FROM toolsync_row r WHERE r.backup = 1;

INSERT IGNORE INTO toolsync_was_course
SELECT c.* FROM toolsync_restored b JOIN {course} c ON c.id = b.courseid;

UPDATE toolsync_row r
  JOIN toolsync_restored b ON b.line = r.line
  LEFT JOIN toolsync_was_course c ON c.id = b.courseid
   SET r.courseid = c.id,
       r.status = IF(c.id IS NULL, 'failed', NULL),
       r.field = IF(c.id IS NULL, b.field, NULL),
       r.message = IF(c.id IS NULL, COALESCE(b.message, 'the course restored from this backup is gone'), NULL);
{% endif %}
