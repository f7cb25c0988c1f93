UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
  LEFT JOIN toolsync_cohort_member_op o ON o.line = r.line AND o.n = 0
  LEFT JOIN toolsync_cohort_told t ON t.line = r.line
   SET r.status = CASE WHEN l.created THEN 'created'
                       WHEN l.command = 'del' AND NOT l.wantsperson THEN 'deleted'
                       WHEN o.status IN ('created', 'deleted') THEN o.status
                       WHEN t.line IS NOT NULL THEN 'updated'
                       ELSE 'unchanged' END
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line AND l.command = 'free'
  JOIN toolsync_cohort_member_op o ON o.line = r.line
   SET r.status = 'updated'
 WHERE r.status = 'unchanged';
