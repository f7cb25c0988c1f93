-- Find where each picture is stored, and whether it is there already.

-- An account that Moodle did not create may have no context yet. Moodle creates it when it first needs it.
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT DISTINCT 30, r.userid, 2
  FROM toolsync_row r
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = r.userid
 WHERE r.status IS NULL AND c.id IS NULL;

UPDATE {context} c
  JOIN toolsync_row r ON r.userid = c.instanceid AND r.status IS NULL
  JOIN {context} s ON s.contextlevel = 10
   SET c.path = CONCAT(s.path, '/', c.id)
 WHERE c.contextlevel = 30 AND c.path IS NULL;

UPDATE toolsync_row r
  JOIN {user} u ON u.id = r.userid
  JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = u.id
   SET r.contextid = c.id, r.had_picture = u.picture > 0
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
  JOIN {user} u ON u.id = r.userid
   SET r.fileid = i.fileid, r.status = IF(u.picture = i.fileid, 'unchanged', NULL);
