UPDATE toolsync_row SET status = 'failed', message = refusal WHERE refusal IS NOT NULL;

-- The accounts as the site has them: what follows compares with these.
CREATE TEMPORARY TABLE toolsync_was_user (line INT UNSIGNED NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, picture BIGINT NOT NULL, contextid BIGINT NULL);

INSERT INTO toolsync_was_user (line, userid, picture, contextid)
SELECT r.line, u.id, u.picture, c.id
  FROM toolsync_row r
  JOIN {user} u ON u.id = r.userid
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = u.id
 WHERE r.status IS NULL AND u.deleted = 0;

UPDATE toolsync_row r
  LEFT JOIN toolsync_was_user u ON u.line = r.line
   SET r.status = 'failed', r.message = 'the account was deleted while the archive was read'
 WHERE r.status IS NULL AND u.line IS NULL;

{% if not option.overwrite %}
INSERT INTO toolsync_note (line, message)
SELECT r.line, 'the existing picture stays (Param overwrite)'
  FROM toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL AND (u.picture > 0 OR r.f1_hash IS NULL);

UPDATE toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
   SET r.status = 'unchanged'
 WHERE r.status IS NULL AND (u.picture > 0 OR r.f1_hash IS NULL);
{% endif %}
