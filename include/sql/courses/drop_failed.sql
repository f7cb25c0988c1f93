DELETE t FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
 WHERE r.status IS NOT NULL;
