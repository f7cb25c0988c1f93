-- The plan that a person approves.

CREATE TEMPORARY TABLE toolsync_plan (
    line INT UNSIGNED NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL, name TEXT NOT NULL, files INT NOT NULL DEFAULT 0, bytes BIGINT NOT NULL DEFAULT 0
);

INSERT INTO toolsync_plan (line, categoryid, name)
SELECT r.line, r.id, COALESCE(NULLIF(r.path, ''), k.name)
  FROM toolsync_row r
  JOIN {course_categories} k ON k.id = r.id
 WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_size (line INT UNSIGNED NOT NULL PRIMARY KEY, files INT NOT NULL, bytes BIGINT NOT NULL);

INSERT INTO toolsync_size (line, files, bytes)
SELECT r.line, COUNT(*), SUM(f.filesize)
  FROM toolsync_row r
  JOIN {files} f ON f.contextid = r.contextid AND f.filename <> '.'
 WHERE r.status IS NULL
 GROUP BY r.line;

UPDATE toolsync_plan p
  JOIN toolsync_size s ON s.line = p.line
   SET p.files = s.files, p.bytes = s.bytes;
