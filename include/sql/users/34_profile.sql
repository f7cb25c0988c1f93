-- Store the values of profile fields.
{% if given_any("profile_field_*") %}

UPDATE toolsync_row r
  JOIN toolsync_profile p ON p.line = r.line
   SET r.changed = 1
 WHERE r.status IS NULL AND NOT p.was <=> p.value COLLATE utf8mb4_bin;

CREATE TEMPORARY TABLE toolsync_profile_change (id BIGINT NOT NULL PRIMARY KEY, value LONGTEXT NOT NULL);
CREATE TEMPORARY TABLE toolsync_profile_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL, fieldid BIGINT NOT NULL, value LONGTEXT NOT NULL
);

INSERT INTO toolsync_profile_change (id, value)
SELECT p.dataid, p.value
  FROM toolsync_profile p
  JOIN toolsync_row r ON r.line = p.line
 WHERE r.status IS NULL AND p.dataid IS NOT NULL AND p.was <> p.value COLLATE utf8mb4_bin;

INSERT INTO toolsync_profile_new (userid, fieldid, value)
SELECT r.userid, p.fieldid, p.value
  FROM toolsync_profile p
  JOIN toolsync_row r ON r.line = p.line
 WHERE r.status IS NULL AND p.dataid IS NULL
 ORDER BY p.line, p.fieldid;

UPDATE toolsync_profile_change w STRAIGHT_JOIN {user_info_data} d ON d.id = w.id SET d.data = w.value;

-- chunks: toolsync_profile_new.seq
INSERT INTO {user_info_data} (userid, fieldid, data, dataformat)
SELECT w.userid, w.fieldid, w.value, 0
  FROM toolsync_profile_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;
{% endif %}
