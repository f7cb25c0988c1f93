{# `exactly`: letter case counts. #}
{% import "shared/identify.sql" as named with context %}
-- Cohorts have no index by name or idnumber, so read the site's cohorts once instead of once a line.
{% set number = "r." ~ n if n is defined else "0" %}
DROP TEMPORARY TABLE IF EXISTS toolsync_found;
CREATE TEMPORARY TABLE toolsync_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, id BIGINT NOT NULL, matches INT NOT NULL, PRIMARY KEY (line, n));

{% if by == "id" %}
INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ number }}, c.id, 1
  FROM {{ rows }} r
  JOIN {cohort} c ON {{ named.equal("c", by, "r.`" ~ value ~ "`") }}
 WHERE r.status IS NULL;
{% else %}
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_meant;
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_named;
CREATE TEMPORARY TABLE toolsync_cohort_meant (
    name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, lowered VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, KEY (lowered)
);
CREATE TEMPORARY TABLE toolsync_cohort_named (name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, id BIGINT NOT NULL, matches INT NOT NULL);

INSERT IGNORE INTO toolsync_cohort_meant (name, lowered)
SELECT r.`{{ value }}`, LOWER(r.`{{ value }}`)
  FROM {{ rows }} r
 WHERE r.status IS NULL AND r.`{{ value }}` <> '' AND CHAR_LENGTH(r.`{{ value }}`) <= 254;

{% set exact = named.exact("c.`" ~ by ~ "`", "k.name") %}
INSERT INTO toolsync_cohort_named (name, id, matches)
SELECT k.name, COALESCE(MIN(IF({{ exact }}, c.id, NULL)), MIN(c.id)), COALESCE(NULLIF(SUM({{ exact }}), 0), COUNT(*))
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_cohort_meant k ON k.lowered = LOWER(c.`{{ by }}`) AND {{ named.same("c.`" ~ by ~ "`", "k.name") }}{{ " AND " ~ exact if exactly is defined and exactly }}
 GROUP BY k.name;

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ number }}, k.id, k.matches
  FROM {{ rows }} r
  JOIN toolsync_cohort_named k ON k.name = r.`{{ value }}`
 WHERE r.status IS NULL AND r.`{{ value }}` <> '';

{% if not (optional is defined and optional) %}
{% include "shared/unfound.sql" %}

DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_lost;
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_alike;
CREATE TEMPORARY TABLE toolsync_cohort_lost (name VARCHAR(254) NOT NULL, KEY (name));
CREATE TEMPORARY TABLE toolsync_cohort_alike (name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, alike VARCHAR(254) NOT NULL);

INSERT INTO toolsync_cohort_lost (name)
SELECT m.name
  FROM toolsync_cohort_meant m
  LEFT JOIN toolsync_cohort_named k ON k.name = m.name
 WHERE k.name IS NULL;

INSERT IGNORE INTO toolsync_cohort_alike (name, alike)
SELECT k.name, c.`{{ by }}`
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_cohort_lost k ON k.name = c.`{{ by }}`
 ORDER BY c.id;

INSERT IGNORE INTO toolsync_alike (line, n, name)
SELECT u.line, u.n, k.alike
  FROM toolsync_unfound u
  JOIN {{ rows }} r ON r.line = u.line{{ " AND r." ~ n ~ " = u.n" if n is defined }}
  JOIN toolsync_cohort_alike k ON k.name = r.`{{ value }}`;
{% endif %}
{% endif %}

{% with what="cohort", several="cohorts" %}{% include "shared/found.sql" %}{% endwith %}
