{% with name="role", what="role", several="roles", among="TRUE" %}{% include "shared/find.sql" %}{% endwith %}
{% if by == "shortname" and not (optional is defined and optional) %}

DROP TEMPORARY TABLE IF EXISTS toolsync_role_lost;
CREATE TEMPORARY TABLE toolsync_role_lost (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_role_lost (name, looks)
SELECT LEFT(r.`{{ value }}`, 255), LEFT(r.`{{ value }}`, 255)
  FROM {{ rows }} r
 WHERE r.status = 'failed' AND r.message = 'no role has this shortname' AND r.`{{ value }}` <> '';

{% include "shared/role_names.sql" %}

UPDATE {{ rows }} r
  JOIN toolsync_role_hint h ON h.name = r.`{{ value }}`
   SET r.message = CONCAT(r.message, h.hint)
 WHERE r.status = 'failed' AND r.message = 'no role has this shortname';
{% endif %}
