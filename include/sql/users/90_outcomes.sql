-- The outcome of each line.

UPDATE toolsync_row
   SET status = CASE WHEN created = 1 THEN 'created' WHEN changed = 1 THEN 'updated' ELSE 'unchanged' END
 WHERE status IS NULL;
