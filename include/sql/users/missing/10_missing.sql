-- The accounts of the scope that the file does not name.
{% from "shared/literal.sql" import literal %}
{% from "shared/scope_people.sql" import person with context %}
{% include "shared/scope_people_set.sql" %}

{% if option.scope_profile_field %}
-- @scope_field: id of the profile field of Param scope_profile_field; NULL: it is gone
SET @scope_field = (SELECT f.id FROM {user_info_field} f WHERE f.shortname = SUBSTRING_INDEX({{ literal(option.scope_profile_field) }}, '=', 1) COLLATE utf8mb4_bin);

{% endif %}
{% if option.scope_cohort %}
-- @scope_cohort: id of the cohort of Param scope_cohort; NULL: it is gone
SET @scope_cohort = (SELECT MIN(c.id) FROM {cohort} c WHERE c.idnumber = {{ literal(option.scope_cohort) }} COLLATE utf8mb4_bin);

{% endif %}
{% set value = literal(option.scope_profile_field) %}
{% set in_scope %}
{{ person }} AND u.auth = {{ literal(option.scope_auth) }} COLLATE utf8mb4_bin{{ " AND u.suspended = 0" if option.missing != "delete" }}
{% if option.scope_profile_field %}
   AND EXISTS (SELECT 1 FROM {user_info_data} d WHERE d.userid = u.id AND d.fieldid = @scope_field AND d.data = SUBSTRING({{ value }}, LOCATE('=', {{ value }}) + 1) COLLATE utf8mb4_bin)
{% endif %}
{% if option.scope_cohort %}
   AND EXISTS (SELECT 1 FROM {cohort_members} m WHERE m.cohortid = @scope_cohort AND m.userid = u.id)
{% endif %}
{%- endset %}
-- The number of accounts in the scope.
CREATE TEMPORARY TABLE toolsync_scope (number BIGINT NOT NULL);

INSERT INTO toolsync_scope (number)
SELECT COUNT(*) FROM {user} u WHERE {{ in_scope }};

{% set cell = "deleted" if option.missing == "delete" else "suspended" %}
CREATE TEMPORARY TABLE toolsync_missing (
    n INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line_id BIGINT NOT NULL, line_{{ cell }} TINYINT NOT NULL,
    userid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, person VARCHAR(255) NOT NULL, auth VARCHAR(20) NOT NULL, lastaccess BIGINT NULL, what VARCHAR(20) NOT NULL
);

INSERT INTO toolsync_missing (line_id, line_{{ cell }}, userid, username, person, auth, lastaccess, what)
SELECT u.id, 1, u.id, u.username, LEFT(CONCAT(u.firstname, ' ', u.lastname), 255), u.auth, NULLIF(u.lastaccess, 0), '{{ "delete" if option.missing == "delete" else "suspend" }}'
  FROM {user} u
  LEFT JOIN toolsync_named w ON w.place = 0 AND w.userid = u.id
 WHERE w.userid IS NULL AND {{ in_scope }}
 ORDER BY u.username;
