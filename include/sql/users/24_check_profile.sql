-- Profile fields: the value that each cell stores, and what the site does not allow.
{% from "shared/literal.sql" import literal %}
{% import "shared/identify.sql" as named with context %}
{% if given_any("profile_field_*") %}

-- All values of a line that the site does not allow: the first fails the line, the report names the others, too.
CREATE TEMPORARY TABLE toolsync_profile_fault (line INT UNSIGNED NOT NULL, field VARCHAR(300) NOT NULL, fault TEXT NOT NULL, PRIMARY KEY (line, field));

INSERT IGNORE INTO toolsync_profile_fault (line, field, fault)
SELECT r.line, c.field, 'the site has no such profile field'
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family = 'profile_field_*'
  LEFT JOIN {user_info_field} f ON {{ named.equal("f", "shortname", "c.name") }}
 WHERE r.status IS NULL AND c.value <> '' AND f.id IS NULL;

CREATE TEMPORARY TABLE toolsync_profile (
    line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, field VARCHAR(300) NOT NULL, dataid BIGINT NULL, was LONGTEXT NULL, value LONGTEXT NOT NULL, fault TEXT NULL,
    PRIMARY KEY (line, fieldid)
);

{% from "shared/no_date.sql" import no_date %}
-- An empty cell clears a stored value; where none is stored it does nothing.
INSERT IGNORE INTO toolsync_profile (line, fieldid, field, dataid, was, value, fault)
SELECT r.line, f.id, c.field, d.id, d.data,
       CASE WHEN f.datatype = 'datetime' THEN COALESCE(c.moment, 0)
            WHEN f.datatype = 'checkbox' THEN COALESCE(c.yesno, '')
            ELSE c.value END,
       CASE WHEN c.value = '' AND f.required = 1 THEN 'the site requires a value'
            WHEN c.value = '' THEN NULL
            WHEN f.datatype = 'datetime' AND c.moment IS NULL THEN {{ no_date('c.value') }}
            WHEN f.datatype = 'checkbox' AND c.yesno IS NULL THEN 'expected yes or no'
            WHEN f.datatype = 'text' AND f.param2 REGEXP '^[0-9]+$' AND CHAR_LENGTH(c.value) > f.param2 THEN CONCAT(CHAR_LENGTH(c.value), ' characters, at most ', f.param2)
            WHEN f.datatype = 'menu'
                 AND (c.value LIKE '%\n%' OR NOT INSTR(CONCAT('\n', f.param1, '\n') COLLATE utf8mb4_bin, CONCAT('\n', c.value, '\n')))
                 THEN CONCAT('expected one of these: ', REPLACE(f.param1, '\n', ', '))
       END
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family = 'profile_field_*'
  JOIN {user_info_field} f ON {{ named.equal("f", "shortname", "c.name") }}
  LEFT JOIN {user_info_data} d {{ by_index("user_info_data", "userid", "fieldid") }} ON d.userid = r.userid AND d.fieldid = f.id
 WHERE r.status IS NULL
   AND (c.value <> ''
        OR d.data <> '' AND NOT (f.datatype = 'datetime' AND d.data = '0')
        OR f.required = 1 AND d.id IS NULL);

-- Move dates into the years that their field allows, and to midnight if the field has no time of day.
CREATE TEMPORARY TABLE toolsync_profile_date (line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, moment BIGINT NOT NULL, note TEXT NULL, PRIMARY KEY (line, fieldid));

-- python: profile_dates INTO toolsync_profile_date
SELECT p.line, p.fieldid, p.value, f.param1, f.param2, f.param3, {{ literal(option.timezone) }}
  FROM toolsync_profile p
  JOIN {user_info_field} f ON f.id = p.fieldid
 WHERE f.datatype = 'datetime' AND p.value <> '0' AND p.fault IS NULL;

UPDATE toolsync_profile p
  JOIN toolsync_profile_date d ON d.line = p.line AND d.fieldid = p.fieldid
   SET p.value = d.moment;

-- Values that have to be unique. The site has no index for this: its stored values are read once, and only if the file has such a field.
CREATE TEMPORARY TABLE toolsync_unique_field (fieldid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_unique (
    line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, field VARCHAR(300) NOT NULL, userid BIGINT NOT NULL, value VARCHAR(255) NOT NULL,
    PRIMARY KEY (line, fieldid), KEY (fieldid, value)
);

INSERT INTO toolsync_unique (line, fieldid, field, userid, value)
SELECT p.line, p.fieldid, p.field, COALESCE(r.userid, 0), LEFT(p.value, 255)
  FROM toolsync_profile p
  JOIN toolsync_row r ON r.line = p.line
  JOIN {user_info_field} f ON f.id = p.fieldid
 WHERE f.forceunique = 1 AND p.value <> '' AND p.fault IS NULL;

INSERT INTO toolsync_unique_field (fieldid) SELECT DISTINCT fieldid FROM toolsync_unique;

-- Moodle compares them as the site's collation does: what only looks alike is refused, too.
CREATE TEMPORARY TABLE toolsync_unique_taken (line INT UNSIGNED NOT NULL, field VARCHAR(300) NOT NULL, value VARCHAR(255) NOT NULL, PRIMARY KEY (line, field));

INSERT INTO toolsync_unique_taken (line, field, value)
SELECT x.line, x.field, MIN(LEFT(d.data, 255))
  FROM toolsync_unique_field k
  STRAIGHT_JOIN {user_info_data} d ON d.fieldid = k.fieldid
  STRAIGHT_JOIN toolsync_unique x ON x.fieldid = d.fieldid AND x.value = LEFT(d.data, 255)
 GROUP BY x.line, x.fieldid, x.field
HAVING SUM(d.userid = x.userid) = 0;

INSERT IGNORE INTO toolsync_profile_fault (line, field, fault)
SELECT t.line, t.field,
       IF({{ named.same("t.value", "LEFT(p.value, 255)") }}, 'another account has this value, and the field is unique',
          CONCAT('looks like ', t.value, ', which another account has, and the field is unique'))
  FROM toolsync_unique_taken t
  JOIN toolsync_profile p ON p.line = t.line AND p.field = t.field;

INSERT IGNORE INTO toolsync_profile_fault (line, field, fault)
SELECT line, field, fault FROM toolsync_profile WHERE fault IS NOT NULL;

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT t.line, CONCAT(t.field, '|', t.fault) FROM toolsync_profile_fault t ORDER BY t.line, t.field;

INSERT INTO toolsync_problem (line, field, message)
SELECT t.line, t.field, t.fault
  FROM toolsync_profile_fault t
  JOIN toolsync_fault f ON f.line = t.line
 WHERE SUBSTRING_INDEX(f.fault, '|', 1) <> t.field;
{% endif %}
