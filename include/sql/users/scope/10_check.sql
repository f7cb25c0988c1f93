-- Why the Params of the scope can't be used on this site.
{% from "shared/literal.sql" import literal %}
INSERT INTO toolsync_refusal (message)
SELECT 'Param scope_auth: the site has no such authentication method'
  FROM DUAL
 WHERE NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('auth_', {{ literal(option.scope_auth) }}) COLLATE utf8mb4_bin AND p.name = 'version');
{% if option.scope_profile_field %}

INSERT INTO toolsync_refusal (message)
SELECT IF(k.matches = 0, 'Param scope_profile_field: the site has no profile field with this short name',
          CONCAT('Param scope_profile_field: ', k.matches, ' profile fields have this short name'))
  FROM (SELECT COUNT(*) AS matches FROM {user_info_field} f WHERE f.shortname = SUBSTRING_INDEX({{ literal(option.scope_profile_field) }}, '=', 1) COLLATE utf8mb4_bin) k
 WHERE k.matches <> 1;
{% endif %}
{% if option.scope_cohort %}

INSERT INTO toolsync_refusal (message)
SELECT IF(k.matches = 0, 'Param scope_cohort: no cohort has this idnumber', CONCAT('Param scope_cohort: ', k.matches, ' cohorts have this idnumber'))
  FROM (SELECT COUNT(*) AS matches FROM {cohort} c WHERE c.idnumber = {{ literal(option.scope_cohort) }} COLLATE utf8mb4_bin) k
 WHERE k.matches <> 1;
{% endif %}
