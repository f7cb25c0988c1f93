{#
  Find the things that the values of rows name: `condition` joins the table `name` as x to the rows r. `what`: such a thing, `several`: several, for messages.
  Included by find_course.sql and its like, which README.md explains.
#}
DROP TEMPORARY TABLE IF EXISTS toolsync_found;
CREATE TEMPORARY TABLE toolsync_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, id BIGINT NOT NULL, matches INT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, MIN(x.id), COUNT(*)
  FROM {{ rows }} r
  JOIN {{ table(name) }} x ON {{ condition }}
 WHERE r.status IS NULL
 GROUP BY r.line{{ ", r." ~ n if n is defined }};

{% include "shared/found.sql" %}
