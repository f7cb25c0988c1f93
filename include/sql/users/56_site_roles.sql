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

{% with rows="toolsync_site_role", level=10, refused="this role cannot be given in the whole site" %}{% include "users/given_roles.sql" %}{% endwith %}

-- Their n must differ from those of roles in courses.
INSERT INTO toolsync_role_op (line, n, field, action, contextid, userid, roleid)
SELECT line, 1000000000 + n, role_field, action, @system_context, userid, roleid FROM toolsync_site_role WHERE status IS NULL;

INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM toolsync_site_role WHERE status = 'failed';
{% endif %}
