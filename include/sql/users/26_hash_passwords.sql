-- Hash the passwords that the stored hash does not verify, and find the accounts whose password is elsewhere from now on.
{% from "users/terms.sql" import outside, no_password, passwords with context %}
{% if passwords %}

CREATE TEMPORARY TABLE toolsync_password (line INT UNSIGNED NOT NULL PRIMARY KEY, hash VARCHAR(255) NULL);

{% endif %}
{% if given("password") %}
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

{% if given("auth") %}
-- Who logs in elsewhere can't change a password here: one to be made, or to be changed at the next login, would lock them out.
-- A hash goes when the method changes. Later, Moodle itself may keep one, of the password that LDAP took.
INSERT IGNORE INTO toolsync_password (line, hash)
SELECT r.line, 'not cached'
  FROM toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL AND {{ outside }} AND {{ no_password }}
   AND u.password <> 'not cached'
   AND (u.password = '' OR u.auth <> r.auth OR r.restored = 1);

CREATE TEMPORARY TABLE toolsync_outside_wish (id BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT INTO toolsync_outside_wish (id, line)
SELECT wish.id, r.line
  FROM toolsync_row r
  STRAIGHT_JOIN {user_preferences} wish {{ by_index("user_preferences", "userid", "name") }}
    ON wish.userid = r.userid AND wish.name IN ('create_password', 'auth_forcepasswordchange')
 WHERE r.status IS NULL AND {{ outside }}{{ " AND " ~ no_password if option.force_password_change }};
{% endif %}
