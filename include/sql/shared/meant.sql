{#
  Which things the values of a column of a whole export (toolsync_key) mean, by the one rule of identify.sql; several, where none is written exactly so.
  `value`: the column; `name`: the table of the things, as x; `by`: what identifies them; `among`: further conditions on x; `into`: the table that is made.
#}
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE {{ into }} (line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, best TINYINT NOT NULL, PRIMARY KEY (line, id));

INSERT INTO {{ into }} (line, id, best)
SELECT r.line, x.id, {{ named.best("x", by, "r." ~ value) }}
  FROM toolsync_key r
  STRAIGHT_JOIN {{ table(name) }} x {{ named.index(name, by) }} ON {{ named.equal("x", by, "r." ~ value) }} AND {{ among }};
{% with these=into %}{% include "shared/meant_best.sql" %}{% endwith %}
