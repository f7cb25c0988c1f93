
UPDATE toolsync_row r
  JOIN toolsync_fault f ON f.line = r.line
   SET r.status = 'failed', r.field = SUBSTRING_INDEX(f.fault, '|', 1), r.message = SUBSTRING(f.fault, LOCATE('|', f.fault) + 1)
 WHERE r.status IS NULL;

DELETE t FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
 WHERE r.status IS NOT NULL;
