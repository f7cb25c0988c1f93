{# Lines with a failed row in `rows` fail; failed lines leave `rows` and toolsync_course. #}
UPDATE toolsync_row r
  JOIN {{ rows }} x ON x.line = r.line AND x.status = 'failed'
   SET r.status = 'failed', r.field = x.field, r.message = x.message
 WHERE r.status IS NULL;

DELETE x FROM {{ rows }} x
  JOIN toolsync_row r ON r.line = x.line
 WHERE r.status IS NOT NULL;

{% include "courses/drop_failed.sql" %}
