{% set these = these if these is defined else "toolsync_of_course" %}
-- A course's badges become archived badges of the site: people keep what they earned. Their images are copied to the system context.
CREATE TEMPORARY TABLE toolsync_made_files (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_badge (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL);

INSERT INTO toolsync_badge (id, courseid, contextid)
SELECT b.id, b.courseid, x.id
  FROM {{ these }} p
  JOIN {badge} b ON b.courseid = p.id AND b.type = 2
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = p.id;

-- when: toolsync_badge
INSERT INTO toolsync_before_badge
SELECT d.courseid, t.* FROM toolsync_badge d JOIN {badge} t ON t.id = d.id;

-- @system_context: id of the context of the whole site
SET @system_context = (SELECT id FROM {context} WHERE contextlevel = 10 AND instanceid = 0);

-- when: toolsync_badge
-- chunks: toolsync_badge.id
INSERT INTO {files} (contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, mimetype, status,
       source, author, license, timecreated, timemodified, sortorder, referencefileid)
SELECT f.contenthash, SHA1(CONCAT('/', @system_context, '/badges/badgeimage/', f.itemid, f.filepath, f.filename)), @system_context, 'badges',
       'badgeimage', f.itemid, f.filepath, f.filename, f.userid, f.filesize, f.mimetype, f.status, f.source, f.author, f.license,
       IF(f.filename = '.', @now, f.timecreated), IF(f.filename = '.', @now, f.timemodified), f.sortorder, f.referencefileid
  FROM toolsync_badge d
  JOIN {files} f ON f.contextid = d.contextid AND f.component = 'badges' AND f.filearea = 'badgeimage' AND f.itemid = d.id
 WHERE d.id BETWEEN @first AND @last
 ORDER BY f.id;

-- when: toolsync_badge
INSERT INTO toolsync_made_files (id, courseid)
SELECT f.id, d.courseid
  FROM toolsync_badge d
  JOIN {files} f ON f.contextid = @system_context AND f.component = 'badges' AND f.filearea = 'badgeimage' AND f.itemid = d.id;

-- when: toolsync_badge
UPDATE toolsync_badge d
  STRAIGHT_JOIN {badge} b ON b.id = d.id
   SET b.type = 1, b.courseid = NULL, b.status = 4;
{% if site_has("bigbluebuttonbn_recordings", "headless") %}

-- BigBlueButton recordings stay without their activity (headless), and the log says that it was deleted.
CREATE TEMPORARY TABLE toolsync_made_bigbluebuttonbn_logs (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_of_bigbluebuttonbn
INSERT INTO toolsync_before_bigbluebuttonbn_recordings
SELECT p.courseid, t.* FROM toolsync_of_bigbluebuttonbn p JOIN {bigbluebuttonbn_recordings} t ON t.bigbluebuttonbnid = p.id;

-- when: toolsync_of_bigbluebuttonbn
UPDATE toolsync_of_bigbluebuttonbn p
  STRAIGHT_JOIN {bigbluebuttonbn_recordings} t {{ by_index("bigbluebuttonbn_recordings", "bigbluebuttonbnid") }} ON t.bigbluebuttonbnid = p.id
   SET t.headless = 1, t.timemodified = @now, t.usermodified = @actor;

-- when: toolsync_of_bigbluebuttonbn
-- chunks: toolsync_of_bigbluebuttonbn.id
INSERT INTO {bigbluebuttonbn_logs} (courseid, bigbluebuttonbnid, userid, timecreated, meetingid, log, meta)
SELECT b.course, b.id, @actor, @now, CONCAT(b.meetingid, '-', b.course, '-', b.id, '[0]'), 'Delete', 'true'
  FROM toolsync_of_bigbluebuttonbn p
  JOIN {bigbluebuttonbn} b ON b.id = p.id
 WHERE p.id BETWEEN @first AND @last
 ORDER BY b.id;

-- when: toolsync_of_bigbluebuttonbn
INSERT INTO toolsync_made_bigbluebuttonbn_logs (id, courseid)
SELECT l.id, p.courseid
  FROM toolsync_of_bigbluebuttonbn p
  JOIN {bigbluebuttonbn_logs} l ON l.courseid = p.courseid AND l.bigbluebuttonbnid = p.id AND l.log = 'Delete' AND l.timecreated = @now;
{% endif %}
