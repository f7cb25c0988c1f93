-- Replace the files and their directory, as Moodle does with every new picture.

INSERT IGNORE INTO toolsync_content_gone (contenthash)
SELECT f.contenthash
  FROM toolsync_row r
  JOIN {files} f ON f.component = 'user' AND f.filearea = 'icon' AND f.contextid = r.contextid AND f.itemid = 0
 WHERE r.status IS NULL AND r.fileid IS NULL;

DELETE f
  FROM {files} f
  JOIN toolsync_row r ON r.contextid = f.contextid AND r.status IS NULL AND r.fileid IS NULL
 WHERE f.component = 'user' AND f.filearea = 'icon' AND f.itemid = 0;

INSERT INTO {files} (contextid, component, filearea, itemid, filepath, filename, pathnamehash, contenthash, filesize, mimetype,
                     status, sortorder, timecreated, timemodified)
SELECT r.contextid, 'user', 'icon', 0, '/',
       IF(n.n = 0, '.', CONCAT('f', n.n, '.', r.extension)),
       SHA1(CONCAT('/', r.contextid, '/user/icon/0/', IF(n.n = 0, '.', CONCAT('f', n.n, '.', r.extension)))),
       IF(n.n = 0, SHA1(''), ELT(n.n, r.f1_hash, r.f2_hash, r.f3_hash)),
       IF(n.n = 0, 0, ELT(n.n, r.f1_size, r.f2_size, r.f3_size)),
       IF(n.n = 0, NULL, r.mimetype),
       0, 0, @now, @now
  FROM toolsync_row r
  JOIN (SELECT 1 AS n UNION ALL SELECT 0 UNION ALL SELECT 2 UNION ALL SELECT 3) n
 WHERE r.status IS NULL AND r.fileid IS NULL
 ORDER BY r.line;

UPDATE toolsync_row r
  JOIN {files} f ON f.pathnamehash = SHA1(CONCAT('/', r.contextid, '/user/icon/0/f1.', r.extension))
   SET r.fileid = f.id
 WHERE r.status IS NULL AND r.fileid IS NULL;
