{% import "shared/identify.sql" as named with context %}
-- Cohorts have no index by name or idnumber, so read the site's cohorts once instead of once a line.
DROP TEMPORARY TABLE IF EXISTS toolsync_found;
CREATE TEMPORARY TABLE toolsync_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, id BIGINT NOT NULL, matches INT NOT NULL, PRIMARY KEY (line, n));

{% if by == "id" %}
INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, c.id, 1
  FROM {{ rows }} r
  JOIN {cohort} c ON {{ named.equal("c", by, "r.`" ~ value ~ "`") }}
 WHERE r.status IS NULL;
{% else %}
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_meant;
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_named;
CREATE TEMPORARY TABLE toolsync_cohort_meant (name VARCHAR(254) NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_cohort_named (name VARCHAR(254) NOT NULL PRIMARY KEY, id BIGINT NOT NULL, matches INT NOT NULL);

INSERT IGNORE INTO toolsync_cohort_meant (name)
SELECT DISTINCT r.`{{ value }}`
  FROM {{ rows }} r
 WHERE r.status IS NULL AND r.`{{ value }}` <> '' AND CHAR_LENGTH(r.`{{ value }}`) <= 254;

INSERT INTO toolsync_cohort_named (name, id, matches)
SELECT k.name, MIN(c.id), COUNT(*)
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_cohort_meant k ON k.name = c.`{{ by }}`
 GROUP BY k.name;

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, k.id, k.matches
  FROM {{ rows }} r
  JOIN toolsync_cohort_named k ON k.name = r.`{{ value }}`
 WHERE r.status IS NULL AND r.`{{ value }}` <> '';
{% endif %}

{% with what="cohort", several="cohorts" %}{% include "shared/found.sql" %}{% endwith %}
