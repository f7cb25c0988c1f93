{#
  The roles that `rows` name, by short name or id: role (as written), role_field, roleid (filled in). `level`: the context level at which they are given,
  `refused`: what is said of a role that can't be given there.
#}
{% set known = "toolsync_role_at_" ~ level %}
CREATE TEMPORARY TABLE {{ known }} (id VARCHAR(20) NOT NULL PRIMARY KEY, shortname VARCHAR(100) NOT NULL, roleid BIGINT NOT NULL, allowed TINYINT NOT NULL, KEY (roleid));

INSERT INTO {{ known }} (id, shortname, roleid, allowed)
SELECT CAST(ro.id AS CHAR), ro.shortname, ro.id, EXISTS (SELECT 1 FROM {role_context_levels} l WHERE l.roleid = ro.id AND l.contextlevel = {{ level }}) FROM {role} ro;

UPDATE {{ rows }} g JOIN {{ known }} ro ON ro.id = g.role SET g.role = ro.shortname WHERE g.role REGEXP '^[0-9]+$';

{% with value="role", by="shortname", into="roleid", n="n", field_column="role_field" %}
{% include "shared/find_role.sql" %}
{% endwith %}

UPDATE {{ rows }} SET status = 'failed', field = role_field, message = 'expected the shortname of a role' WHERE status IS NULL AND roleid IS NULL;

UPDATE {{ rows }} g
  JOIN {{ known }} ro ON ro.roleid = g.roleid
   SET g.status = 'failed', g.field = g.role_field, g.message = '{{ refused }}'
 WHERE g.status IS NULL AND NOT ro.allowed;
