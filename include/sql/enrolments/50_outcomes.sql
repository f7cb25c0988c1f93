UPDATE toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN toolsync_enrolment_op e ON e.line = r.line AND e.n = 0
  LEFT JOIN toolsync_role_op a ON a.line = r.line
   SET r.status = CASE WHEN l.roleonly THEN COALESCE(a.status, 'unchanged')
                       WHEN e.status IN ('created', 'deleted') THEN e.status
                       WHEN e.status = 'updated' OR a.status IN ('created', 'updated') THEN 'updated'
                       ELSE 'unchanged' END
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_enrolment_op e ON e.line = r.line AND e.status = 'updated'
   SET r.status = 'updated'
 WHERE r.status = 'unchanged';

UPDATE toolsync_row r
  JOIN toolsync_member_op m ON m.line = r.line AND m.status IN ('created', 'deleted')
   SET r.status = 'updated'
 WHERE r.status = 'unchanged';

-- What a line makes beside its enrolment.
INSERT INTO toolsync_note (line, field, message)
SELECT o.line, o.field, CONCAT('made the group ', o.name)
  FROM toolsync_group_op o
 WHERE o.status = 'created'
 ORDER BY o.line, o.n;
