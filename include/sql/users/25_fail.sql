-- Fail the lines with a fault, and say what else is to be said of the others.

{% include "shared/faults.sql" %}

{% if given("auth") %}
INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'auth', CONCAT('the authentication method ', r.auth, ' is disabled on this site')
  FROM toolsync_row r
  LEFT JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL AND r.auth <> '' AND NOT r.auth <=> u.auth AND NOT FIND_IN_SET(r.auth, @enabled_auths);
{% endif %}

{% if given_any("profile_field_*") %}
INSERT INTO toolsync_note (line, field, message)
SELECT p.line, p.field, d.note
  FROM toolsync_profile_date d
  JOIN toolsync_profile p ON p.line = d.line AND p.fieldid = d.fieldid
  JOIN toolsync_row r ON r.line = d.line
 WHERE r.status IS NULL AND d.note IS NOT NULL;
{% endif %}
