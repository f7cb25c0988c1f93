-- Find the account of each image by the name of its file (toolsync_row.name).
{% import "shared/identify.sql" as named with context %}
{% set username = "LEFT(r.name, CHAR_LENGTH(r.name) - CHAR_LENGTH(SUBSTRING_INDEX(r.name, '@', -1)) - 1)" %}
{% set on_host = "u.mnethostid = IF(r.name REGEXP '@[0-9]{1,9}$', CAST(SUBSTRING_INDEX(r.name, '@', -1) AS UNSIGNED), 0)" %}
{% if option.user_id_field == "username@mnethostid" %}
CREATE TEMPORARY TABLE toolsync_named (line INT UNSIGNED NOT NULL PRIMARY KEY, userid BIGINT NOT NULL);

INSERT INTO toolsync_named (line, userid)
SELECT r.line, u.id
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON {{ on_host }} AND {{ named.equal("u", "username", username) }}
 WHERE u.deleted = 0;

UPDATE toolsync_row r JOIN toolsync_named u ON u.line = r.line SET r.userid = u.userid;

CREATE TEMPORARY TABLE toolsync_name_alike (line INT UNSIGNED NOT NULL PRIMARY KEY, username VARCHAR(100) NOT NULL);

INSERT INTO toolsync_name_alike (line, username)
SELECT r.line, u.username
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON {{ on_host }} AND {{ named.alike("u", "username", username) }}
 WHERE u.deleted = 0 AND r.userid IS NULL;

UPDATE toolsync_row r
  LEFT JOIN toolsync_name_alike k ON k.line = r.line
   SET r.status = 'failed',
       r.message = IF(r.name REGEXP '@[0-9]{1,9}$',
                      CONCAT('no account has this username on that host', COALESCE(CONCAT(', only ', k.username, ', which looks like it'), '')),
                      'expected a file name like username@mnethostid, with the number of the host')
 WHERE r.userid IS NULL;
{% else %}
{% with rows="toolsync_row", value="name", by=option.user_id_field, into="userid" %}{% include "shared/find_user.sql" %}{% endwith %}
{% endif %}

-- The picture that each account has now.
CREATE TEMPORARY TABLE toolsync_picture (line INT UNSIGNED NOT NULL PRIMARY KEY, picture BIGINT NOT NULL, f1_hash VARCHAR(40) NULL, f1_mimetype VARCHAR(100) NULL);

INSERT IGNORE INTO toolsync_picture (line, picture, f1_hash, f1_mimetype)
SELECT r.line, u.picture, f.contenthash, f.mimetype
  FROM toolsync_row r
  JOIN {user} u ON u.id = r.userid
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = u.id
  LEFT JOIN {files} f ON f.contextid = c.id AND f.component = 'user' AND f.filearea = 'icon' AND f.itemid = 0
                     AND f.filepath = '/' AND f.filename IN ('f1.png', 'f1.jpg');

UPDATE toolsync_row r
  JOIN toolsync_picture p ON p.line = r.line
   SET r.picture = p.picture, r.f1_hash = p.f1_hash, r.f1_mimetype = p.f1_mimetype;
