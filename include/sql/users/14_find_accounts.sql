-- Find the account of each line. A line without one creates an account.
{% from "users/terms.sql" import host, key with context %}
{% from "users/fields.sql" import stored %}
{% import "shared/identify.sql" as named with context %}
{% set was = ["id", "mnethostid", "username", "email", "auth", "suspended"] + (["password"] if given("auth") else []) %}
{% for column in stored if given(column) and column not in was %}{% set _ = was.append(column) %}{% endfor %}

-- The accounts as the site has them: what follows compares with these.
CREATE TEMPORARY TABLE toolsync_was_user (PRIMARY KEY (line)) AS
SELECT CAST(0 AS UNSIGNED) AS line, u.{{ was | join(", u.") }} FROM {user} u LIMIT 0;
{% macro keep_matches() %}
INSERT IGNORE INTO toolsync_was_user (line, {{ was | join(", ") }})
SELECT r.line, u.{{ was | join(", u.") }}
  FROM toolsync_match m
  JOIN toolsync_row r ON r.line = m.line
  STRAIGHT_JOIN {user} u ON u.id = r.userid
 WHERE r.status IS NULL;
{% endmacro %}

CREATE TEMPORARY TABLE toolsync_match (line INT UNSIGNED NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, hits INT NOT NULL);

{% if given(key) %}
UPDATE toolsync_row
   SET status = 'failed', field = '{{ key }}', message = 'expected the {{ key }} of an account'
 WHERE {{ key }} IS NULL{{ " OR " ~ key ~ " = ''" if key != "id" }};
{% endif %}

{% if given(key) and key in ["id", "username"] %}
INSERT INTO toolsync_was_user (line, {{ was | join(", ") }})
SELECT r.line, u.{{ was | join(", u.") }}
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", key) }} ON {{ "u.id = r.id" if key == "id" else named.equal("u", key, "r." ~ key) }}
 WHERE u.deleted = 0
   AND u.mnethostid = {{ host }};

UPDATE toolsync_row r JOIN toolsync_was_user u ON u.line = r.line SET r.userid = u.id;
{% elif given(key) %}
{% set best = named.best("u", key, "r." ~ key) %}
INSERT INTO toolsync_match (line, userid, hits)
SELECT r.line, COALESCE(MIN(IF({{ best }}, u.id, NULL)), MIN(u.id)), COALESCE(NULLIF(SUM({{ best }}), 0), COUNT(*))
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", key) }} ON {{ named.equal("u", key, "r." ~ key) }}
 WHERE u.deleted = 0
   AND u.mnethostid = {{ host }}
 GROUP BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_match m ON m.line = r.line
   SET r.userid = m.userid
 WHERE m.hits = 1;

UPDATE toolsync_row r
  JOIN toolsync_match m ON m.line = r.line
   SET r.status = 'failed', r.field = '{{ key }}', r.message = CONCAT(m.hits, ' accounts have this {{ key }}, expected exactly one')
 WHERE m.hits > 1;

{{ keep_matches() }}
DELETE FROM toolsync_match;
{% endif %}

{% if given("oldusername") and given("username") %}
INSERT INTO toolsync_match (line, userid, hits)
SELECT r.line, u.id, 1
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON u.mnethostid = {{ host }} AND {{ named.equal("u", "username", "r.oldusername") }}
 WHERE u.deleted = 0
   AND r.status IS NULL AND r.username <> '' AND NOT {{ named.same("r.oldusername", "r.username") }};

UPDATE toolsync_row r
  JOIN toolsync_match m ON m.line = r.line
   SET r.status = 'failed', r.field = '{{ key }}', r.message = '{{ "another account has it" if key == "username" else "this is not the account of oldusername" }}'
 WHERE r.userid <> m.userid;

UPDATE toolsync_row r
  JOIN toolsync_match m ON m.line = r.line
   SET r.userid = m.userid, r.renamed = 1
 WHERE r.status IS NULL;

-- An old username that no longer exists is fine if the account has its new one already.
CREATE TEMPORARY TABLE toolsync_old_alike (line INT UNSIGNED NOT NULL PRIMARY KEY, username VARCHAR(100) NOT NULL);

INSERT INTO toolsync_old_alike (line, username)
SELECT r.line, u.username
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON u.mnethostid = {{ host }} AND {{ named.alike("u", "username", "r.oldusername") }}
 WHERE u.deleted = 0 AND r.userid IS NULL AND r.status IS NULL;

UPDATE toolsync_row r
  LEFT JOIN toolsync_old_alike k ON k.line = r.line
   SET r.status = 'failed', r.field = 'oldusername',
       r.message = CONCAT('no account has this username', COALESCE(CONCAT(', only ', k.username, ', which looks like it'), ''))
 WHERE r.oldusername <> '' AND r.userid IS NULL AND r.status IS NULL;

{{ keep_matches() }}
DELETE FROM toolsync_match;
{% endif %}

{% if option.restore_deleted and given("username") %}
-- Moodle replaces the email of a deleted account with the MD5 of its username. Restore the one deleted last; but first of all one that was only
-- marked as deleted and still has its username.
INSERT INTO toolsync_match (line, userid, hits)
SELECT r.line, u.id, 1
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON u.mnethostid = {{ host }} AND {{ named.equal("u", "username", "r.username") }}
 WHERE u.deleted = 1
   AND r.userid IS NULL AND r.status IS NULL AND NOT r.deleted <=> 1;

INSERT IGNORE INTO toolsync_match (line, userid, hits)
SELECT r.line, SUBSTRING(MAX(CONCAT(LPAD(u.timemodified, 12, '0'), LPAD(u.id, 12, '0'))), 13), COUNT(*)
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "email") }} ON u.email = MD5(r.username)
 WHERE u.deleted = 1
   AND u.mnethostid = {{ host }}
   AND r.userid IS NULL AND r.status IS NULL AND r.username <> '' AND NOT r.deleted <=> 1
 GROUP BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_match m ON m.line = r.line
   SET r.userid = m.userid, r.restored = 1
{% if key == "id" %}
 WHERE r.id IS NULL OR r.id = m.userid
{% endif %}
 ;

{{ keep_matches() }}
{% endif %}
