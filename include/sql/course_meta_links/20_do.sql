INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol, customint1)
SELECT r.line, COALESCE(k.enrolid, 0), 'meta',
       CASE WHEN k.enrolid IS NULL THEN 'add' WHEN r.command = 'add' THEN 'enable' WHEN r.command = 'del' THEN 'disable' ELSE 'delete' END,
       k.enrolid, r.metaid, 'meta', r.masterid
  FROM toolsync_row r
  LEFT JOIN toolsync_linked k ON k.line = r.line
 WHERE r.status IS NULL;

{% include "shared/do_instances.sql" %}
