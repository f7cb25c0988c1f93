-- Replace the files and their directory, as Moodle does with every new picture.

-- @system_path: path of the context of the whole site
SET @system_path = (SELECT path FROM {context} WHERE contextlevel = 10 AND instanceid = 0);

-- chunks: toolsync_context_new.userid
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 30, w.userid, 2
  FROM toolsync_context_new w
 WHERE w.userid BETWEEN @first AND @last
 ORDER BY w.userid;

UPDATE toolsync_context_new w
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 30 AND c.instanceid = w.userid
   SET c.path = CONCAT(@system_path, '/', c.id);

CREATE TEMPORARY TABLE toolsync_context_made (line INT UNSIGNED NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL);

INSERT INTO toolsync_context_made (line, contextid)
SELECT w.line, c.id
  FROM toolsync_context_new w
  JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = w.userid;

UPDATE toolsync_row r JOIN toolsync_context_made m ON m.line = r.line SET r.contextid = m.contextid;

INSERT IGNORE INTO toolsync_content_gone (contenthash) SELECT contenthash FROM toolsync_icon_gone;

DELETE f FROM toolsync_icon_gone d STRAIGHT_JOIN {files} f ON f.id = d.id;

-- chunks: toolsync_icon_new.line
INSERT INTO {files} (contextid, component, filearea, itemid, filepath, filename, pathnamehash, contenthash, filesize, mimetype,
                     status, sortorder, timecreated, timemodified)
SELECT r.contextid, 'user', 'icon', 0, '/',
       IF(n.n = 0, '.', CONCAT('f', n.n, '.', r.extension)),
       SHA1(CONCAT('/', r.contextid, '/user/icon/0/', IF(n.n = 0, '.', CONCAT('f', n.n, '.', r.extension)))),
       IF(n.n = 0, SHA1(''), ELT(n.n, r.f1_hash, r.f2_hash, r.f3_hash)),
       IF(n.n = 0, 0, ELT(n.n, r.f1_size, r.f2_size, r.f3_size)),
       IF(n.n = 0, NULL, r.mimetype),
       0, 0, @now, @now
  FROM toolsync_icon_new w
  JOIN toolsync_row r ON r.line = w.line
  JOIN (SELECT 1 AS n UNION ALL SELECT 0 UNION ALL SELECT 2 UNION ALL SELECT 3) n
 WHERE w.line BETWEEN @first AND @last
 ORDER BY w.line;

CREATE TEMPORARY TABLE toolsync_icon_made (line INT UNSIGNED NOT NULL PRIMARY KEY, fileid BIGINT NOT NULL);

INSERT INTO toolsync_icon_made (line, fileid)
SELECT w.line, f.id
  FROM toolsync_icon_new w
  JOIN toolsync_row r ON r.line = w.line
  JOIN {files} f ON f.pathnamehash = SHA1(CONCAT('/', r.contextid, '/user/icon/0/f1.', r.extension));

UPDATE toolsync_row r JOIN toolsync_icon_made m ON m.line = r.line SET r.fileid = m.fileid;
