-- Update existing accounts, also renamed and restored ones, where 28_what_changes.sql found a difference.
{% from "users/fields.sql" import kept_when_empty, cleared, cleared_or_null, numbers %}
{% from "users/terms.sql" import renames, new_email, new_idnumber, passwords with context %}

{% if given("suspended") or given("auth") %}
CREATE TEMPORARY TABLE toolsync_session_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_session_gone (id)
SELECT s.id
  FROM toolsync_change w
  JOIN toolsync_row r ON r.line = w.line
  JOIN toolsync_was_user u ON u.line = w.line
  JOIN {sessions} s ON s.userid = w.userid
 WHERE ({{ "r.suspended = 1 AND u.suspended = 0" if given("suspended") else "FALSE" }} OR {{ "r.auth = 'nologin' AND u.auth <> 'nologin'" if given("auth") else "FALSE" }});

DELETE s FROM toolsync_session_gone d STRAIGHT_JOIN {sessions} s ON s.id = d.id;
{% endif %}

UPDATE toolsync_change w
  STRAIGHT_JOIN toolsync_row r ON r.line = w.line
  STRAIGHT_JOIN {user} u ON u.id = w.userid
{% if passwords %}
  LEFT JOIN toolsync_password p ON p.line = r.line
{% endif %}
   SET
{% if given("username") %}
       u.username = IF(r.restored = 1 OR {{ renames }}, r.username, u.username),
{% endif %}
{% if given("email") %}
       u.email = CASE WHEN {{ new_email }} THEN r.email WHEN r.restored = 1 THEN '' ELSE u.email END,
{% else %}
       u.email = IF(r.restored = 1, '', u.email),
{% endif %}
{% if given("idnumber") %}
       u.idnumber = IF({{ new_idnumber }}, r.idnumber, u.idnumber),
{% endif %}
{% for column in cleared if given(column) %}
       u.{{ column }} = r.{{ column }},
{% endfor %}
{% for column in cleared_or_null if given(column) %}
       u.{{ column }} = IF(r.{{ column }} = '' AND u.{{ column }} IS NULL, NULL, r.{{ column }}),
{% endfor %}
{% for column in kept_when_empty if given(column) %}
       u.{{ column }} = IF(r.{{ column }} = '', u.{{ column }}, r.{{ column }}),
{% endfor %}
{% for column in numbers if given(column) %}
       u.{{ column }} = COALESCE(r.{{ column }}, u.{{ column }}),
{% endfor %}
{% if passwords %}
       u.password = COALESCE(p.hash, u.password),
{% endif %}
       u.deleted = 0,
       u.timemodified = @now
 WHERE u.deleted = 0 OR r.restored = 1;

-- Nobody is to come back because somebody deleted the account while these lines were looked at.
CREATE TEMPORARY TABLE toolsync_missed (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_missed (line)
SELECT w.line
  FROM toolsync_change w
  LEFT JOIN {user} u ON u.id = w.userid AND u.deleted = 0
 WHERE u.id IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_missed m ON m.line = r.line
   SET r.status = 'failed', r.message = 'somebody deleted the account just now';

INSERT INTO toolsync_note (line, field, message)
SELECT line, 'username', 'restored the deleted account' FROM toolsync_row WHERE restored = 1 AND status IS NULL;
