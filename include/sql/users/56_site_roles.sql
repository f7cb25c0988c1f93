-- System roles. `-role` takes one away.
{% if given_any("sysrole#") %}

CREATE TEMPORARY TABLE toolsync_site_role (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, userid BIGINT NOT NULL, role LONGTEXT NOT NULL, role_field VARCHAR(300) NOT NULL, roleid BIGINT NULL,
    action VARCHAR(10) NOT NULL, status VARCHAR(10) NULL, field VARCHAR(300) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

INSERT INTO toolsync_site_role (line, n, userid, role, role_field, action)
SELECT r.line, c.n, r.userid, IF(c.value LIKE '-%', SUBSTRING(c.value, 2), c.value), c.field, IF(c.value LIKE '-%', 'unassign', 'assign')
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family = 'sysrole#'
 WHERE r.status IS NULL AND c.value <> '';

CREATE TEMPORARY TABLE toolsync_system_role (id VARCHAR(20) NOT NULL PRIMARY KEY, shortname VARCHAR(100) NOT NULL, roleid BIGINT NOT NULL, everywhere TINYINT NOT NULL, KEY (roleid));

INSERT INTO toolsync_system_role (id, shortname, roleid, everywhere)
SELECT CAST(ro.id AS CHAR), ro.shortname, ro.id, EXISTS (SELECT 1 FROM {role_context_levels} l WHERE l.roleid = ro.id AND l.contextlevel = 10) FROM {role} ro;

UPDATE toolsync_site_role s JOIN toolsync_system_role ro ON ro.id = s.role SET s.role = ro.shortname WHERE s.role REGEXP '^[0-9]+$';

{% with rows="toolsync_site_role", value="role", by="shortname", into="roleid", n="n", field_column="role_field" %}
{% include "shared/find_role.sql" %}
{% endwith %}

UPDATE toolsync_site_role SET status = 'failed', field = role_field, message = 'expected the shortname of a role' WHERE status IS NULL AND roleid IS NULL;

UPDATE toolsync_site_role s
  JOIN toolsync_system_role ro ON ro.roleid = s.roleid
   SET s.status = 'failed', s.field = s.role_field, s.message = 'this role cannot be given in the whole site'
 WHERE s.status IS NULL AND NOT ro.everywhere;

-- Their n must differ from those of roles in courses.
INSERT INTO toolsync_role_op (line, n, field, action, contextid, userid, roleid)
SELECT line, 1000000000 + n, role_field, action, @system_context, userid, roleid FROM toolsync_site_role WHERE status IS NULL;

INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM toolsync_site_role WHERE status = 'failed';
{% endif %}
