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
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_named;
CREATE TEMPORARY TABLE toolsync_cohort_named (name VARCHAR(254) NOT NULL PRIMARY KEY, id BIGINT NULL, matches INT NOT NULL DEFAULT 0);

INSERT IGNORE INTO toolsync_cohort_named (name)
SELECT DISTINCT r.`{{ value }}`
  FROM {{ rows }} r
 WHERE r.status IS NULL AND r.`{{ value }}` <> '' AND CHAR_LENGTH(r.`{{ value }}`) <= 254;

UPDATE toolsync_cohort_named k
  JOIN (SELECT c.`{{ by }}` AS name, MIN(c.id) AS id, COUNT(*) AS matches
          FROM {cohort} c
         WHERE c.`{{ by }}` <> ''
         GROUP BY c.`{{ by }}`) c ON c.name = k.name
   SET k.id = c.id, k.matches = c.matches;

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, k.id, k.matches
  FROM {{ rows }} r
  JOIN toolsync_cohort_named k ON k.name = r.`{{ value }}`
 WHERE r.status IS NULL AND r.`{{ value }}` <> '' AND k.matches > 0;
{% endif %}

{% with what="cohort", several="cohorts" %}{% include "shared/found.sql" %}{% endwith %}
