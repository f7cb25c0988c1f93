-- The members of cohorts that lines name.
{% from "cohorts/terms.sql" import key, makes with context %}
{% import "shared/identify.sql" as named with context %}
{% with rows="toolsync_key" %}{% include "cohorts/names.sql" %}{% endwith %}

{% with value="userid", name="user", by=option.user_id_field, among=named.is_user("x"), into="toolsync_meant_person" %}{% include "shared/meant.sql" %}{% endwith %}

-- A line that may make its cohort means one that is written exactly so.
CREATE TEMPORARY TABLE toolsync_meant_place (line INT UNSIGNED NOT NULL PRIMARY KEY, id BIGINT NOT NULL, matches INT NOT NULL);

INSERT INTO toolsync_meant_place (line, id, matches)
SELECT r.line, k.id, k.matches
  FROM toolsync_key r
  JOIN toolsync_cohort_named k ON k.name = {{ key }} AND k.id IS NOT NULL
 WHERE k.best = 1 OR NOT ({{ makes }});

INSERT IGNORE INTO toolsync_named (place, userid)
SELECT p.id, u.id
  FROM toolsync_meant_place p
  JOIN toolsync_meant_person u ON u.line = p.line;
{% if given("userid") %}

-- The cohorts that they name. One of which there are several is no scope; a file without people says nothing of the members.
INSERT IGNORE INTO toolsync_place (id)
SELECT p.id FROM toolsync_meant_place p WHERE p.matches = 1;
{% endif %}

-- Lines that name nobody, or no cohort.
INSERT IGNORE INTO toolsync_nameless (line, strange)
SELECT r.line, LENGTH(CONCAT_WS(' ', r.userid, {{ key }})) <> CHAR_LENGTH(CONCAT_WS(' ', r.userid, {{ key }}))
  FROM toolsync_key r
  LEFT JOIN toolsync_meant_place p ON p.line = r.line
  LEFT JOIN toolsync_meant_person u ON u.line = r.line
 WHERE r.userid <> '' AND (p.line IS NULL OR u.line IS NULL);
