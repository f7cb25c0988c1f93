-- Find the undo bundle of each line.
{% from "shared/course/key.sql" import key with context %}
UPDATE toolsync_row r
   SET r.asked = COALESCE(CAST(r.{{ key.column }} AS CHAR), '');

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ key.column }}', r.message = 'expected a course''s {{ key.column }}, or in column bundle the name of an undo bundle'
 WHERE r.asked = '' AND COALESCE(r.bundle, '') = '';

CREATE TEMPORARY TABLE toolsync_bundle (
    line INT UNSIGNED NOT NULL PRIMARY KEY, kind VARCHAR(30) NULL, name VARCHAR(255) NULL, courseid BIGINT NULL, shortname VARCHAR(255) NULL, made BIGINT NULL,
    message TEXT NULL
);

-- python: find_undo_bundles INTO toolsync_bundle
SELECT r.line, '{{ key.column }}', r.asked, NULLIF(r.bundle, ''), '{{ option.undo_of }}' FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_bundle b ON b.line = r.line
   SET r.kind = b.kind, r.bundle_name = b.name, r.courseid = b.courseid, r.made = b.made, r.status = IF(b.message IS NULL, NULL, 'failed'), r.message = b.message;

{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_course_there (id BIGINT NOT NULL PRIMARY KEY, shortname VARCHAR(255) NOT NULL, going TINYINT NOT NULL);

INSERT IGNORE INTO toolsync_course_there (id, shortname, going)
SELECT c.id, c.shortname, {{ "c.deletioninprogress" if named.may_go else "0" }} FROM toolsync_row r JOIN {course} c ON c.id = r.courseid WHERE r.status IS NULL;

{% if named.may_go %}
UPDATE toolsync_row r
  JOIN toolsync_course_there c ON c.id = r.courseid
   SET r.status = 'failed', r.message = 'this course is being deleted'
 WHERE r.status IS NULL AND c.going;

{% endif %}
UPDATE toolsync_row r
  JOIN toolsync_course_there c ON c.id = r.courseid
   SET r.status = 'failed', r.message = CONCAT('nothing to put back: the course ', c.shortname, ' (id ', c.id, ') exists')
 WHERE r.status IS NULL AND r.kind = 'courses_delete';

UPDATE toolsync_row r
  LEFT JOIN toolsync_course_there c ON c.id = r.courseid
   SET r.status = 'failed', r.message = 'the course of this bundle was deleted since: put that back first'
 WHERE r.status IS NULL AND r.kind <> 'courses_delete' AND c.id IS NULL;

CREATE TEMPORARY TABLE toolsync_unreadable (line INT UNSIGNED NOT NULL PRIMARY KEY, message TEXT NOT NULL);

-- Load its rows: toolsync_back_<table> (deleted), toolsync_was_<table> and toolsync_became_<table> (before and after a change), toolsync_unmake_<table>
-- (created).
-- python: load_undo_bundles INTO toolsync_unreadable
SELECT r.line, r.kind, r.bundle_name FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_unreadable u ON u.line = r.line
   SET r.status = 'failed', r.message = u.message;
