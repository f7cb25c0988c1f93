-- Lines that delete an account. Their other columns are ignored.
{% set key = option.user_id_field %}

{% if given("deleted") %}
UPDATE toolsync_row
   SET status = 'failed',
       field = IF(userid IS NULL, '{{ key }}', 'deleted'),
       message = CASE WHEN userid IS NULL THEN 'expected the {{ key }} of the account to delete'
                      WHEN userid = @guest THEN 'the guest account is never deleted'
                      ELSE 'an administrator is never deleted' END
 WHERE status IS NULL AND deleted = 1
   AND ({{ key }} IS NULL {{ "" if key == "id" else "OR " ~ key ~ " = ''" }} OR userid = @guest OR FIND_IN_SET(userid, @admins));

UPDATE toolsync_row SET status = IF(userid IS NULL, 'unchanged', 'deleted') WHERE status IS NULL AND deleted = 1;
{% endif %}
