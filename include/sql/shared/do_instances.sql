-- Carry out the operations in toolsync_instance_op, one a line; each line ends as its operation does.
{% include "shared/people_check.sql" %}
{% include "shared/people.sql" %}

UPDATE toolsync_row r
  JOIN toolsync_instance_op o ON o.line = r.line AND o.status <> 'unchanged'
   SET r.status = o.status
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'unchanged'
 WHERE r.status IS NULL;
