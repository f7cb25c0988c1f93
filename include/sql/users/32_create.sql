-- Create accounts: the row, its context, and the request for a password.
{% from "users/terms.sql" import host with context %}
{% from "users/fields.sql" import cleared_or_null %}
{% set text = ["idnumber", "institution", "department", "address", "phone1", "phone2", "theme"] %}
{% set number = ["mailformat", "maildisplay", "maildigest", "autosubscribe", "trackforums"] %}
{% set site_text = ["city", "country", "lang"] %}
{% set local_password = "COALESCE(NULLIF(r.auth, ''), 'manual') IN ('manual', 'email', 'none', 'nologin')" if given("auth") else "TRUE" %}
{% set no_password = "COALESCE(r.password, '') = ''" if given("password") else "TRUE" %}

INSERT INTO {user}
       (confirmed, mnethostid, username, firstname, lastname, email, auth, password, timezone, suspended, emailstop, calendartype,
        {% for column in text + cleared_or_null if given(column) %}{{ column }}, {% endfor %}
        {{ (site_text + number) | join(", ") }}, timecreated, timemodified)
SELECT 1,
       {{ host }},
       r.username, r.firstname, r.lastname,
       {{ "r.email" if given("email") else "''" }},
       {{ "COALESCE(NULLIF(r.auth, ''), 'manual')" if given("auth") else "'manual'" }},
       -- Accounts that log in elsewhere have no password here.
       {{ "COALESCE(p.hash, IF(" ~ local_password ~ ", '', 'not cached'))" if given("password") else "IF(" ~ local_password ~ ", '', 'not cached')" }},
       {{ "COALESCE(NULLIF(r.timezone, ''), '99')" if given("timezone") else "'99'" }},
       {{ "COALESCE(r.suspended, 0)" if given("suspended") else "0" }},
       {{ "COALESCE(r.emailstop, 0)" if given("emailstop") else "0" }},
       @new_calendartype,
{% for column in text if given(column) %}
       r.{{ column }},
{% endfor %}
{% for column in cleared_or_null if given(column) %}
       NULLIF(r.{{ column }}, ''),
{% endfor %}
{% for column in site_text %}
       {{ "COALESCE(NULLIF(r." ~ column ~ ", ''), @new_" ~ column ~ ")" if given(column) else "@new_" ~ column }},
{% endfor %}
{% for column in number %}
       {{ "COALESCE(r." ~ column ~ ", @new_" ~ column ~ ")" if given(column) else "@new_" ~ column }},
{% endfor %}
       @now, @now
  FROM toolsync_row r
{% if given("password") %}
  LEFT JOIN toolsync_password p ON p.line = r.line
{% endif %}
 WHERE r.status IS NULL AND r.userid IS NULL
 ORDER BY r.line;

{% if given("username") %}
UPDATE toolsync_row r
  JOIN {user} u ON u.mnethostid = {{ host }} AND u.username = r.username
   SET r.userid = u.id, r.created = 1
 WHERE r.status IS NULL AND r.userid IS NULL;
{% endif %}

INSERT INTO {context} (contextlevel, instanceid, depth, locked)
SELECT 30, r.userid, 2, 0
  FROM toolsync_row r
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = r.userid
 WHERE r.status IS NULL AND (r.created = 1 OR r.restored = 1) AND c.id IS NULL
 ORDER BY r.line;

UPDATE {context} c
  JOIN toolsync_row r ON r.userid = c.instanceid
   SET c.path = CONCAT('/', @system_context, '/', c.id)
 WHERE c.contextlevel = 30 AND c.path IS NULL
   AND r.status IS NULL AND (r.created = 1 OR r.restored = 1);

{% if option.create_passwords %}
-- Moodle's cron creates a password for accounts with these preferences, and mails it.
INSERT INTO {user_preferences} (userid, name, value)
SELECT r.userid, wish.name, '1'
  FROM toolsync_row r
  JOIN (SELECT 'create_password' AS name UNION ALL SELECT 'auth_forcepasswordchange') wish
 WHERE r.status IS NULL AND r.created = 1 AND {{ no_password }} AND {{ local_password }}
 ORDER BY r.line;
{% endif %}

{% if given("password") %}
-- Moodle's cron must not replace a password that the file gives.
DELETE wish
  FROM {user_preferences} wish
  JOIN toolsync_row r ON r.userid = wish.userid
  JOIN toolsync_password p ON p.line = r.line
 WHERE r.status IS NULL AND wish.name = 'create_password';

{% if option.force_password_change %}
INSERT INTO {user_preferences} (userid, name, value)
SELECT r.userid, 'auth_forcepasswordchange', '1'
  FROM toolsync_row r
  JOIN toolsync_password p ON p.line = r.line
 WHERE r.status IS NULL AND p.hash <> 'not cached'
    ON DUPLICATE KEY UPDATE value = '1';
{% endif %}
{% endif %}
