-- What each line reads or changes: usernames, email addresses, unique profile values; and what it may create.
-- Values are cut: lines whose values agree up to the cut run one after the other, which is never wrong.
{% from "users/terms.sql" import host, key with context %}
{% import "shared/identify.sql" as named with context %}
{% set renaming = given("oldusername") and given("username") and option.allow_rename %}

-- @local_host: mnethostid of this site's own accounts; NULL: the setting is missing
SET @local_host = CAST({{ setting("mnet_localhost_id") }} AS SIGNED);

-- @claimed_emails: 1 if lines with the same email depend on one another, 0 if several accounts may share one
SET @claimed_emails = {{ "TRUE" if key == "email" else "NOT " ~ setting_is_on("allowaccountssameemail") }};

{% for column in ["username", "oldusername"] + (["idnumber"] if key == "idnumber" else []) if given(column) %}
INSERT INTO toolsync_touch (line, thing)
SELECT line, CONCAT('{{ "idnumber" if column == "idnumber" else "username" }} ', LEFT({{ column }}, 255)) FROM toolsync_row WHERE {{ column }} <> '';
{% endfor %}

{% if key == "id" and given("id") %}
INSERT INTO toolsync_touch (line, thing) SELECT line, CONCAT('id ', id) FROM toolsync_row WHERE id IS NOT NULL;
{% endif %}

{% if given("email") %}
INSERT INTO toolsync_touch (line, thing)
SELECT line, CONCAT('email ', LEFT(email, 255)) FROM toolsync_row WHERE email <> '' AND @claimed_emails;
{% endif %}

-- The accounts as they are now: another line may take what they give up. `email` is empty where the line names it, too.
{% set email = "IF(u.email = r.email, '', u.email)" if given("email") else "''" %}
CREATE TEMPORARY TABLE toolsync_known (
    line INT UNSIGNED NOT NULL, userid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, email VARCHAR(100) NOT NULL, PRIMARY KEY (line, userid)
);

{% if given(key) %}
INSERT INTO toolsync_known (line, userid, username, email)
SELECT r.line, u.id, u.username, {{ email }}
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", key) }} ON u.{{ key }} = r.{{ key }} AND u.deleted = 0 AND u.mnethostid = {{ host }}
 WHERE {{ "TRUE" if key == "id" else "r." ~ key ~ " <> ''" }};
{% endif %}

{% if renaming %}
INSERT IGNORE INTO toolsync_known (line, userid, username, email)
SELECT r.line, u.id, u.username, {{ email }}
  FROM toolsync_row r
  STRAIGHT_JOIN {user} u {{ named.index("user", "username") }} ON u.mnethostid = {{ host }} AND u.username = r.oldusername AND u.deleted = 0
 WHERE r.oldusername <> '';
{% endif %}

{% if key != "username" or renaming %}
INSERT INTO toolsync_touch (line, thing)
SELECT line, CONCAT('username ', username) FROM toolsync_known;
{% endif %}

{% if given("email") %}
INSERT INTO toolsync_touch (line, thing)
SELECT line, CONCAT('email ', email) FROM toolsync_known WHERE email <> '' AND @claimed_emails;
{% endif %}

{% if given_any("profile_field_*") %}
INSERT INTO toolsync_touch (line, thing)
SELECT c.line, CONCAT('profile ', f.id, ' ', LEFT(c.value, 255))
  FROM toolsync_cell c
  JOIN {user_info_field} f ON f.shortname = c.name AND f.forceunique = 1
 WHERE c.family = 'profile_field_*' AND c.value <> '';

INSERT INTO toolsync_touch (line, thing)
SELECT k.line, CONCAT('profile ', f.id, ' ', LEFT(d.data, 255))
  FROM toolsync_known k
  JOIN {user_info_field} f ON f.forceunique = 1
  JOIN {user_info_data} d ON d.userid = k.userid AND d.fieldid = f.id
 WHERE d.data <> '';
{% endif %}

-- Several lines about one account: a later one may give up what an earlier one took. So each of them touches what any of them touches, as far as
-- other lines touch it too. With renames, two usernames may be one account: then all repeated names count as one.
CREATE TEMPORARY TABLE toolsync_name (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, KEY (name));
CREATE TEMPORARY TABLE toolsync_repeated (name VARCHAR(255) NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_together (line INT UNSIGNED NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (line, name));
CREATE TEMPORARY TABLE toolsync_contested (thing VARCHAR(300) NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_held (name VARCHAR(255) NOT NULL, thing VARCHAR(300) NOT NULL, PRIMARY KEY (name, thing));

{% for column in ([key] if given(key) else []) + (["username", "oldusername"] if renaming else []) %}
INSERT INTO toolsync_name (line, name)
SELECT line, LEFT({{ column }}, 255) FROM toolsync_row WHERE {{ "id IS NOT NULL" if column == "id" else column ~ " <> ''" }};
{% endfor %}

INSERT INTO toolsync_repeated (name) SELECT name FROM toolsync_name GROUP BY name HAVING COUNT(DISTINCT line) > 1;

INSERT IGNORE INTO toolsync_together (line, name)
SELECT n.line, {{ "''" if renaming else "p.name" }} FROM toolsync_repeated p JOIN toolsync_name n ON n.name = p.name;

INSERT INTO toolsync_contested (thing)
SELECT thing FROM toolsync_touch WHERE EXISTS (SELECT 1 FROM toolsync_together) GROUP BY thing HAVING COUNT(DISTINCT line) > 1;

INSERT IGNORE INTO toolsync_held (name, thing)
SELECT g.name, c.thing
  FROM toolsync_touch t
  JOIN toolsync_together g ON g.line = t.line
  JOIN toolsync_contested c ON c.thing = t.thing;

INSERT INTO toolsync_touch (line, thing)
SELECT g.line, h.thing FROM toolsync_together g JOIN toolsync_held h ON h.name = g.name;

-- Things that are created once for all lines that name them: lines that would create the same one commute.
{% if given("cohort") %}
{% set idnumber = "COALESCE(cohortid, '')" if given("cohortid") else "''" %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT line, CONCAT('cohort ', LEFT(cohort, 254)), LEFT(CONCAT(cohort, ' ', {{ idnumber }}), 255) FROM toolsync_row WHERE cohort <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT line, CONCAT('cohortid ', LEFT({{ idnumber }}, 254)), LEFT(CONCAT(cohort, ' ', {{ idnumber }}), 255)
  FROM toolsync_row WHERE cohort <> '' AND {{ idnumber }} <> '';
{% endif %}

{% if given_any("cohort#") %}
{% for thing in ["cohort", "cohortid"] %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT line, CONCAT('{{ thing }} ', LEFT(value, 254)), LEFT(CONCAT(value, ' ', value), 255) FROM toolsync_cell WHERE family = 'cohort#' AND value <> '';
{% endfor %}
{% endif %}

{% if given_any("group#") %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT line, CONCAT('group ', LEFT(MAX(IF(family = 'course#', value, '')), 255), ' ', LEFT(MAX(IF(family = 'group#', value, '')), 254)),
       LEFT(MAX(IF(family = 'group#', value, '')), 255)
  FROM toolsync_cell
 WHERE family IN ('course#', 'group#')
 GROUP BY line, n
HAVING MAX(IF(family = 'group#', value, '')) <> '';
{% endif %}

{% if given("interests") %}
{% with column="interests" %}{% include "shared/tags_given.sql" %}{% endwith %}

{% if given("deleted") %}
DELETE i FROM toolsync_tag i JOIN toolsync_row r ON r.line = i.line WHERE r.deleted = 1;
{% endif %}

INSERT INTO toolsync_touch (line, thing, mode)
SELECT line, CONCAT('tag ', name), rawname FROM toolsync_tag;

-- A tag goes with the last person who has it, so lines that take it away don't commute with lines that give it. No tag has `<` in its name.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT k.line, CONCAT('tag ', t.name), '<gone>'
  FROM toolsync_known k
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = k.userid
  JOIN {tag} t ON t.id = ti.tagid
  LEFT JOIN toolsync_tag i ON i.line = k.line AND i.name = t.name
 WHERE i.line IS NULL;

DELETE FROM toolsync_held;

INSERT IGNORE INTO toolsync_held (name, thing)
SELECT g.name, i.name FROM toolsync_together g JOIN toolsync_tag i ON i.line = g.line;

INSERT INTO toolsync_touch (line, thing, mode)
SELECT g.line, CONCAT('tag ', h.thing), '<gone>'
  FROM toolsync_together g
  JOIN toolsync_held h ON h.name = g.name
  LEFT JOIN toolsync_tag i ON i.line = g.line AND i.name = h.thing
 WHERE i.line IS NULL;
{% endif %}
