UPDATE toolsync_row SET status = 'failed', message = refusal WHERE refusal IS NOT NULL;

UPDATE toolsync_row r
  LEFT JOIN {user} u ON u.id = r.userid AND u.deleted = 0
   SET r.status = 'failed', r.message = 'the account was deleted while the archive was read'
 WHERE r.status IS NULL AND u.id IS NULL;

{% if not option.overwrite %}
INSERT INTO toolsync_note (line, message)
SELECT r.line, 'the existing picture stays (Param overwrite)'
  FROM toolsync_row r
  JOIN {user} u ON u.id = r.userid
 WHERE r.status IS NULL AND (u.picture > 0 OR r.f1_hash IS NULL);

UPDATE toolsync_row r
  JOIN {user} u ON u.id = r.userid
   SET r.status = 'unchanged'
 WHERE r.status IS NULL AND (u.picture > 0 OR r.f1_hash IS NULL);
{% endif %}
