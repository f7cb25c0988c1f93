-- Update existing accounts, also renamed and restored ones, where 28_what_changes.sql found a difference.
{% from "users/fields.sql" import kept_when_empty, cleared, cleared_or_null, numbers %}
{% from "users/terms.sql" import renames, new_email, new_idnumber with context %}

{% if given("suspended") or given("auth") %}
DELETE s
  FROM {sessions} s
  JOIN toolsync_row r ON r.userid = s.userid
  JOIN {user} u ON u.id = r.userid
 WHERE r.status IS NULL AND r.changed = 1
   AND ({{ "r.suspended = 1 AND u.suspended = 0" if given("suspended") else "FALSE" }} OR {{ "r.auth = 'nologin' AND u.auth <> 'nologin'" if given("auth") else "FALSE" }});
{% endif %}

UPDATE {user} u
  JOIN toolsync_row r ON r.userid = u.id
{% if given("password") %}
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
{% if given("password") %}
       u.password = COALESCE(p.hash, u.password),
{% endif %}
       u.deleted = 0,
       u.timemodified = @now
 WHERE r.changed = 1 AND r.status IS NULL;

INSERT INTO toolsync_note (line, field, message)
SELECT line, 'username', 'restored the deleted account' FROM toolsync_row WHERE restored = 1 AND status IS NULL;
