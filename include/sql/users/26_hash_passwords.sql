-- Hash the passwords that the stored hash does not verify.
{% if given("password") %}

CREATE TEMPORARY TABLE toolsync_password (line INT UNSIGNED NOT NULL PRIMARY KEY, hash VARCHAR(255) NULL);

-- python: hash_passwords INTO toolsync_password
SELECT r.line, r.password, u.password
  FROM toolsync_row r
  LEFT JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL AND r.password <> '';

UPDATE toolsync_row r
  JOIN toolsync_password p ON p.line = r.line
   SET r.status = 'failed', r.field = 'password', r.message = 'expected at most 128 bytes'
 WHERE p.hash IS NULL;
{% endif %}
