-- Find where each picture is stored, and whether it is there already.

UPDATE toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
   SET r.contextid = u.contextid, r.had_picture = u.picture > 0
 WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_icon (line INT UNSIGNED NOT NULL PRIMARY KEY, files INT NOT NULL, same INT NOT NULL, fileid BIGINT NULL);

INSERT INTO toolsync_icon (line, files, same, fileid)
SELECT r.line, COUNT(*),
       SUM(f.contenthash = CASE f.filename WHEN CONCAT('f1.', r.extension) THEN r.f1_hash
                                           WHEN CONCAT('f2.', r.extension) THEN r.f2_hash
                                           WHEN CONCAT('f3.', r.extension) THEN r.f3_hash
                                           ELSE '' END),
       MAX(IF(f.filename = CONCAT('f1.', r.extension), f.id, NULL))
  FROM toolsync_row r
  JOIN {files} f ON f.component = 'user' AND f.filearea = 'icon' AND f.contextid = r.contextid AND f.itemid = 0
 WHERE r.status IS NULL
 GROUP BY r.line;

-- The stored files are exactly f1, f2, f3 and the directory, with the same contents. If user.picture points elsewhere, only that is written.
UPDATE toolsync_row r
  JOIN toolsync_icon i ON i.line = r.line AND i.files = 4 AND i.same = 3
  JOIN toolsync_was_user u ON u.line = r.line
   SET r.fileid = i.fileid, r.status = IF(u.picture = i.fileid, 'unchanged', NULL);

-- Pictures to store, and the files that go for them.
CREATE TEMPORARY TABLE toolsync_icon_new (line INT UNSIGNED NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_icon_gone (id BIGINT NOT NULL PRIMARY KEY, contenthash VARCHAR(40) NOT NULL);
CREATE TEMPORARY TABLE toolsync_context_new (userid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT INTO toolsync_icon_new (line) SELECT line FROM toolsync_row WHERE status IS NULL AND fileid IS NULL;

INSERT INTO toolsync_icon_gone (id, contenthash)
SELECT f.id, f.contenthash
  FROM toolsync_icon_new w
  JOIN toolsync_row r ON r.line = w.line
  JOIN {files} f ON f.component = 'user' AND f.filearea = 'icon' AND f.contextid = r.contextid AND f.itemid = 0;

-- An account that Moodle did not create may have no context yet. Moodle creates it when it first needs it.
INSERT INTO toolsync_context_new (userid, line)
SELECT r.userid, r.line
  FROM toolsync_icon_new w
  JOIN toolsync_row r ON r.line = w.line
 WHERE r.contextid IS NULL;
