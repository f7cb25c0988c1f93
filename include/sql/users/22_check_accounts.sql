-- Find the lines that the site does not allow. A line fails for the first fault found, and nothing of it is done.
{% from "shared/languages.sql" import not_offered %}
{% from "users/terms.sql" import host, key, makes, renames, new_email with context %}
{% import "shared/identify.sql" as named with context %}
{% set taken %}FROM {user} other {{ named.index("user", "username") }} WHERE other.mnethostid = {{ host }} AND other.username = r.username AND NOT other.id <=> r.userid{% endset %}
{% set by_whom %}CONCAT('username|', (SELECT IF({{ named.same("other.username", "r.username") }}, 'another account has it', CONCAT('looks like ', other.username, ', which is there')) {{ taken }})){% endset %}
{% set look_alike %}FROM {user} x {{ named.index("user", key) }} WHERE {{ named.alike("x", key, "r." ~ key) }} AND x.deleted = 0 AND x.mnethostid = {{ host }}{% endset %}
{% set email_taken %}FROM {user} other {{ named.index("user", "email") }} WHERE {{ named.equal("other", "email", "r.email") }} AND other.deleted = 0 AND other.mnethostid = {{ host }} AND NOT other.id <=> r.userid{% endset %}

{% if given("lang") %}
CREATE TEMPORARY TABLE toolsync_language (lang VARCHAR(30) NOT NULL PRIMARY KEY);

-- Language packs are folders in the site's data folder; the database does not list them.
-- python: installed_languages INTO toolsync_language
SELECT DISTINCT lang FROM toolsync_row WHERE lang <> '' AND status IS NULL;
{% endif %}

INSERT INTO toolsync_fault (line, fault)
SELECT r.line,
       CASE
{% if given("mnethostid") and site_has("mnet_host") %}
       WHEN r.mnethostid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {mnet_host} h WHERE h.id = r.mnethostid AND h.deleted = 0)
            THEN 'mnethostid|the site has no MNet host with this id'
{% endif %}
{% if key == "id" %}
       WHEN r.userid IS NULL AND r.id IS NOT NULL THEN 'id|no account has this id'
{% endif %}
{% if given("username") %}
       WHEN {{ makes }} AND r.username <> '' AND EXISTS (SELECT 1 {{ taken }}) THEN {{ by_whom }}
{% endif %}
{% if key in ["idnumber", "email"] %}
       WHEN r.userid IS NULL AND '' IN (COALESCE(r.username, ''), COALESCE(r.firstname, ''), COALESCE(r.lastname, ''))
            AND EXISTS (SELECT 1 {{ look_alike }})
            THEN CONCAT('{{ key }}|no account has this {{ key }}, only ', (SELECT MIN(x.{{ key }}) {{ look_alike }}), ', which looks like it')
{% endif %}
       WHEN r.userid IS NULL AND COALESCE(r.username, '') = '' THEN 'username|a new account needs one'
       WHEN r.userid IS NULL AND COALESCE(r.firstname, '') = '' THEN 'firstname|a new account needs one'
       WHEN r.userid IS NULL AND COALESCE(r.lastname, '') = '' THEN 'lastname|a new account needs one'
{% if not option.allow_missing_email %}
       WHEN {{ makes }} AND COALESCE(r.email, '') = '' THEN 'email|a new account needs one (Param allow_missing_email)'
{% endif %}
{% if given("suspended") %}
       WHEN r.suspended = 1 AND FIND_IN_SET(r.userid, @admins) THEN 'suspended|an administrator is never suspended'
       WHEN r.suspended = 1 AND r.userid = @guest THEN 'suspended|the guest account is never suspended'
{% endif %}
{% if given("oldusername") and not option.allow_rename %}
       WHEN r.oldusername <> '' AND NOT r.oldusername <=> r.username THEN 'oldusername|accounts are not renamed (Param allow_rename)'
{% endif %}
{% if given("username") %}
{% if not option.allow_rename %}
       WHEN {{ renames }} THEN CONCAT('username|the account has ', u.username, ', and accounts are not renamed (Param allow_rename)')
{% endif %}
       WHEN {{ renames }} AND FIND_IN_SET(r.userid, @admins) THEN 'username|an administrator is never renamed'
       WHEN {{ renames }} AND r.userid = @guest THEN 'username|the guest account is never renamed'
       WHEN NOT @any_username AND ({{ makes }} OR {{ renames }}) AND NOT r.username COLLATE utf8mb4_bin REGEXP '^[-.@_a-z0-9]+$'
            THEN 'username|only letters without accents, digits and . - _ @ are allowed'
       WHEN {{ renames }} AND EXISTS (SELECT 1 {{ taken }}) THEN {{ by_whom }}
{% endif %}
{% if given("email") %}
       WHEN {{ new_email }} AND NOT @shared_emails AND EXISTS (SELECT 1 {{ email_taken }})
            THEN CONCAT('email|another account has it: ', (SELECT MIN(other.username) {{ email_taken }}))
{% endif %}
{% if given("auth") %}
       WHEN r.auth <> '' AND NOT r.auth <=> u.auth
            AND NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('auth_', r.auth) AND p.name = 'version')
            THEN 'auth|the site has no such authentication method'
{% endif %}
{% if given("theme") %}
       WHEN r.theme <> '' AND NOT r.theme <=> u.theme
            AND (NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('theme_', r.theme) AND p.name = 'version')
                 OR @site_themes <> '' AND NOT FIND_IN_SET(r.theme, @site_themes))
            THEN 'theme|the site has no such theme'
{% endif %}
{% if given("lang") %}
       WHEN r.lang <> '' AND NOT r.lang <=> u.lang
            AND {{ not_offered("r.lang", "l.lang") }}
            THEN 'lang|the site has no such language pack'
{% endif %}
       END AS fault
  FROM toolsync_row r
  LEFT JOIN toolsync_was_user u ON u.line = r.line
{% if given("lang") %}
  LEFT JOIN toolsync_language l ON l.lang = r.lang
{% endif %}
 WHERE r.status IS NULL
HAVING fault IS NOT NULL;
