-- Store the values of profile fields.
{% if given_any("profile_field_*") %}

UPDATE toolsync_row r
  JOIN toolsync_profile p ON p.line = r.line
  LEFT JOIN {user_info_data} d ON d.id = p.dataid
   SET r.changed = 1
 WHERE r.status IS NULL AND NOT d.data <=> p.value COLLATE utf8mb4_bin;

UPDATE {user_info_data} d
  JOIN toolsync_profile p ON p.dataid = d.id
  JOIN toolsync_row r ON r.line = p.line
   SET d.data = p.value
 WHERE r.status IS NULL AND d.data <> p.value COLLATE utf8mb4_bin;

INSERT INTO {user_info_data} (userid, fieldid, data, dataformat)
SELECT r.userid, p.fieldid, p.value, 0
  FROM toolsync_profile p
  JOIN toolsync_row r ON r.line = p.line
 WHERE r.status IS NULL AND p.dataid IS NULL
 ORDER BY p.line, p.fieldid;
{% endif %}
