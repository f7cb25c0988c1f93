-- Create accounts: the row, its context, and the request for a password.
{% from "users/terms.sql" import host, people, passwords with context %}
{% from "users/fields.sql" import cleared_or_null %}
{% set text = ["idnumber", "institution", "department", "address", "phone1", "phone2", "theme"] %}
{% set number = ["mailformat", "maildisplay", "maildigest", "autosubscribe", "trackforums"] %}
{% set site_text = ["city", "country", "lang"] %}
{% set local_password = "FIND_IN_SET(COALESCE(NULLIF(r.auth, ''), 'manual'), @local_auths)" if given("auth") else "TRUE" %}
{% set more_follows = people or given("password") or given("interests") or given_any("profile_field_*") %}
{% set no_password = "COALESCE(r.password, '') = ''" if given("password") else "TRUE" %}

CREATE TEMPORARY TABLE toolsync_new (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_new (line) SELECT line FROM toolsync_row WHERE status IS NULL AND userid IS NULL;

-- chunks: toolsync_new.line
INSERT INTO {user}
       (confirmed, mnethostid, username, firstname, lastname, email, auth, password, timezone, suspended, emailstop, calendartype,
        {{ "descriptionformat, " if given("descriptionformat") }}{% for column in text + cleared_or_null if given(column) %}{{ column }}, {% endfor %}
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
       {{ "COALESCE(r.descriptionformat, 1)," if given("descriptionformat") }}
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
  FROM toolsync_new w
  JOIN toolsync_row r ON r.line = w.line
{% if given("password") %}
  LEFT JOIN toolsync_password p ON p.line = r.line
{% endif %}
 WHERE w.line BETWEEN @first AND @last
 ORDER BY w.line;

CREATE TEMPORARY TABLE toolsync_made (line INT UNSIGNED NOT NULL PRIMARY KEY, userid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_context_new (userid BIGINT NOT NULL PRIMARY KEY);

{% if given("username") %}
INSERT INTO toolsync_made (line, userid)
SELECT w.line, u.id
  FROM toolsync_new w
  JOIN toolsync_row r ON r.line = w.line
  JOIN {user} u ON u.mnethostid = {{ host }} AND u.username = r.username;

UPDATE toolsync_row r
  JOIN toolsync_made m ON m.line = r.line
   SET r.userid = m.userid, {{ "r.created = 1" if more_follows else "r.status = 'created'" }};
{% endif %}

INSERT INTO toolsync_context_new (userid)
SELECT m.userid
  FROM toolsync_made m
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = m.userid
 WHERE c.id IS NULL;

{% if option.restore_deleted %}
INSERT INTO toolsync_context_new (userid)
SELECT r.userid
  FROM toolsync_row r
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = r.userid
 WHERE r.status IS NULL AND r.restored = 1 AND c.id IS NULL;
{% endif %}

-- chunks: toolsync_context_new.userid
INSERT INTO {context} (contextlevel, instanceid, depth, locked)
SELECT 30, w.userid, 2, 0
  FROM toolsync_context_new w
 WHERE w.userid BETWEEN @first AND @last
 ORDER BY w.userid;

UPDATE toolsync_context_new w
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 30 AND c.instanceid = w.userid
   SET c.path = CONCAT('/', @system_context, '/', c.id);

{% if option.create_passwords %}
-- Moodle's cron creates a password for accounts with these preferences, and mails it.
-- chunks: toolsync_made.line
INSERT INTO {user_preferences} (userid, name, value)
SELECT m.userid, wish.name, '1'
  FROM toolsync_made m
  JOIN toolsync_row r ON r.line = m.line
  JOIN (SELECT 'create_password' AS name UNION ALL SELECT 'auth_forcepasswordchange') wish
 WHERE m.line BETWEEN @first AND @last AND {{ no_password }} AND {{ local_password }}
 ORDER BY m.line;
{% endif %}

{% if passwords %}
CREATE TEMPORARY TABLE toolsync_wish_gone (id BIGINT NOT NULL PRIMARY KEY);

{% if given("auth") %}
INSERT INTO toolsync_wish_gone (id)
SELECT w.id FROM toolsync_outside_wish w JOIN toolsync_row r ON r.line = w.line WHERE r.status IS NULL;
{% endif %}

{% if given("password") %}
-- Moodle's cron must not replace a password that the file gives.
INSERT IGNORE INTO toolsync_wish_gone (id)
SELECT wish.id
  FROM toolsync_password p
  JOIN toolsync_row r ON r.line = p.line
  JOIN {user_preferences} wish ON wish.userid = r.userid AND wish.name = 'create_password'
 WHERE r.status IS NULL;
{% endif %}

DELETE wish FROM toolsync_wish_gone d STRAIGHT_JOIN {user_preferences} wish ON wish.id = d.id;

{% if given("password") and option.force_password_change %}
CREATE TEMPORARY TABLE toolsync_force (line INT UNSIGNED NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, id BIGINT NULL, value TEXT NULL);
CREATE TEMPORARY TABLE toolsync_force_changed (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_force (line, userid, id, value)
SELECT p.line, r.userid, wish.id, wish.value
  FROM toolsync_password p
  JOIN toolsync_row r ON r.line = p.line
  LEFT JOIN {user_preferences} wish ON wish.userid = r.userid AND wish.name = 'auth_forcepasswordchange'
 WHERE r.status IS NULL AND p.hash <> 'not cached';

INSERT INTO toolsync_force_changed (id) SELECT id FROM toolsync_force WHERE value <> '1';

UPDATE toolsync_force_changed w STRAIGHT_JOIN {user_preferences} wish ON wish.id = w.id SET wish.value = '1';

-- chunks: toolsync_force.line
INSERT INTO {user_preferences} (userid, name, value)
SELECT w.userid, 'auth_forcepasswordchange', '1'
  FROM toolsync_force w
 WHERE w.id IS NULL AND w.line BETWEEN @first AND @last
 ORDER BY w.line;
{% endif %}
{% endif %}
