-- Lines that delete an account. Their other columns are ignored.
{% from "users/terms.sql" import host, key with context %}
{% import "shared/identify.sql" as named with context %}

CREATE TEMPORARY TABLE toolsync_fault (line INT UNSIGNED NOT NULL PRIMARY KEY, fault TEXT NOT NULL);

{% if given("deleted") %}
UPDATE toolsync_row
   SET status = 'failed',
       field = 'deleted',
       message = IF(userid = @guest, 'the guest account is never deleted', 'an administrator is never deleted')
 WHERE status IS NULL AND deleted = 1
   AND (userid = @guest OR FIND_IN_SET(userid, @admins));

{% if key != "id" %}
-- An account that is gone already is fine, but not one whose {{ key }} is only written differently.
INSERT INTO toolsync_fault (line, fault)
SELECT r.line, CONCAT('{{ key }}|no account has this {{ key }}, only ', MIN(u.{{ key }}), ', which looks like it')
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", key) }} ON {{ named.alike("u", key, "r." ~ key) }}
 WHERE r.status IS NULL AND r.deleted = 1 AND r.userid IS NULL
   AND u.deleted = 0 AND u.mnethostid = {{ host }}
 GROUP BY r.line;

{% include "shared/faults.sql" %}
{% endif %}

UPDATE toolsync_row SET status = IF(userid IS NULL, 'unchanged', 'deleted') WHERE status IS NULL AND deleted = 1;
{% endif %}
