{#
  Find the things that the values of rows name. `name`: their table, as x; `among`: further conditions on x; `exactly`: letter case counts; `there`: groups_there.sql has read them; `what`: such a thing, `several`: several, for messages.
  Included by find_course.sql and its like, which README.md explains.
#}
{% import "shared/identify.sql" as named with context %}
{% set asked = "r.`" ~ value ~ "`" %}
{% set number = "r." ~ n if n is defined else "0" %}
{% set best = named.best("x", by, asked) %}
DROP TEMPORARY TABLE IF EXISTS toolsync_found;
CREATE TEMPORARY TABLE toolsync_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, id BIGINT NOT NULL, matches INT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_found (line, n, id, matches)
SELECT r.line, {{ number }}, COALESCE(MIN(IF({{ best }}, x.id, NULL)), MIN(x.id)), COALESCE(NULLIF(SUM({{ best }}), 0), COUNT(*))
  FROM {{ rows }} r
{% if there is defined and by != "id" %}
  {{ named.there(name, "x", by, asked, "r.`" ~ course ~ "`") }}{{ " AND " ~ best if exactly is defined and exactly }}
{% else %}
  STRAIGHT_JOIN {{ table(name) }} x {{ named.index(name, by) }} ON {{ named.equal("x", by, asked) }}{{ " AND " ~ best if exactly is defined and exactly }} AND {{ among }}
{% endif %}
 WHERE r.status IS NULL
 GROUP BY r.line{{ ", r." ~ n if n is defined }};

{% if by != "id" and not (optional is defined and optional) %}
{% include "shared/unfound.sql" %}

INSERT IGNORE INTO toolsync_alike (line, n, name)
SELECT u.line, u.n, x.`{{ by }}`
  FROM toolsync_unfound u
  JOIN {{ rows }} r ON r.line = u.line{{ " AND r." ~ n ~ " = u.n" if n is defined }}
  STRAIGHT_JOIN {{ table(name) }} x {{ named.index(name, by) }} ON {{ named.alike("x", by, asked) }} AND {{ among }}
 ORDER BY x.id;

{% endif %}
{% include "shared/found.sql" %}
