-- Fail the lines in toolsync_fault: `column|message`.
UPDATE toolsync_row r
  JOIN toolsync_fault f ON f.line = r.line
   SET r.status = 'failed', r.field = SUBSTRING_INDEX(f.fault, '|', 1), r.message = SUBSTRING(f.fault, LOCATE('|', f.fault) + 1)
 WHERE r.status IS NULL;
