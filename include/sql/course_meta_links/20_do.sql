INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol, customint1)
SELECT r.line, COALESCE(k.enrolid, 0), 'meta',
       CASE WHEN k.enrolid IS NULL THEN 'add' WHEN r.command = 'add' THEN 'enable' WHEN r.command = 'del' THEN 'disable' ELSE 'delete' END,
       k.enrolid, r.metaid, 'meta', r.masterid
  FROM toolsync_row r
  LEFT JOIN toolsync_linked k ON k.line = r.line
 WHERE r.status IS NULL;

{% include "shared/people_check.sql" %}
{% include "shared/people.sql" %}

UPDATE toolsync_row r
  JOIN toolsync_instance_op o ON o.line = r.line AND o.status <> 'unchanged'
   SET r.status = o.status
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'unchanged'
 WHERE r.status IS NULL;
