{% include "shared/people_check.sql" %}
{% include "shared/people_failures.sql" %}
{% include "shared/people.sql" %}

UPDATE toolsync_row r
  JOIN toolsync_member_op o ON o.line = r.line AND o.n = 0
   SET r.status = o.status
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_member_op o ON o.line = r.line AND o.n > 0 AND o.status = 'deleted'
   SET r.status = 'updated'
 WHERE r.status IN ('created', 'unchanged');
