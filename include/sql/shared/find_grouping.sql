{% import "shared/identify.sql" as named with context %}
DROP TEMPORARY TABLE IF EXISTS toolsync_found;
CREATE TEMPORARY TABLE toolsync_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, id BIGINT NOT NULL, matches INT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, MIN(g.id), COUNT(*)
  FROM {{ rows }} r
  JOIN {groupings} g ON {{ named.group("g", by, "r.`" ~ value ~ "`", "r.`" ~ course ~ "`") }}
 WHERE r.status IS NULL
 GROUP BY r.line{{ ", r." ~ n if n is defined }};

{% with what="grouping of this course", whose="this " ~ by, several="groupings of this course" %}{% include "shared/found.sql" %}{% endwith %}
