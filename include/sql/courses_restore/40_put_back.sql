-- Delete rows that were created, put deleted rows back with their ids, and give changed rows their old values.
{% from "courses_restore/tables.sql" import tables, replaceable with context %}
CREATE TEMPORARY TABLE toolsync_failed (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_failed (line) SELECT r.line FROM toolsync_row r WHERE r.status = 'failed';
{% for name in tables if site_has(name) %}
{% for side in ["back", "was", "became", "unmake"] %}

-- when: toolsync_failed
-- when: toolsync_{{ side }}_{{ name }}
DELETE b FROM toolsync_{{ side }}_{{ name }} b JOIN toolsync_failed x ON x.line = b.toolsync_line;
{% endfor %}
{% endfor %}
{% for name in tables[::-1] if site_has(name) %}

-- when: toolsync_unmake_{{ name }}
DELETE t FROM toolsync_unmake_{{ name }} b STRAIGHT_JOIN {{ table(name) }} t ON t.id = b.id;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_in_the_way (id BIGINT NOT NULL PRIMARY KEY);
{% for name in tables if site_has(name) %}
{% for columns in unique_keys(name) if replaceable(name) != "FALSE" %}

-- Rows that stand in their place, by a unique index.
-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_in_the_way (id)
SELECT t.id
  FROM toolsync_back_{{ name }} b
  JOIN {{ table(name) }} t ON {% for column in columns %}{{ "" if loop.first else " AND " }}t.`{{ column }}` = b.`{{ column }}`{% endfor %}

 WHERE {{ replaceable(name) }};

-- when: toolsync_in_the_way
DELETE t FROM toolsync_in_the_way w STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id;

-- when: toolsync_in_the_way
DELETE FROM toolsync_in_the_way;
{% endfor %}

-- when: toolsync_back_{{ name }}
-- chunks: toolsync_back_{{ name }}.id
INSERT INTO {{ table(name) }} (`{{ columns_of(name) | join("`, `") }}`)
SELECT b.`{{ columns_of(name) | join("`, b.`") }}`

  FROM toolsync_back_{{ name }} b
 WHERE b.id BETWEEN @first AND @last
 ORDER BY b.id;

-- when: toolsync_was_{{ name }}
UPDATE toolsync_was_{{ name }} w
  STRAIGHT_JOIN toolsync_became_{{ name }} b ON b.id = w.id AND b.toolsync_line = w.toolsync_line
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id
   SET {% for column in columns_of(name) if column not in ("id", "cacherev") %}{{ "" if loop.first else ",\n       " }}t.`{{ column }}` = IF(w.`{{ column }}` <=> b.`{{ column }}`, t.`{{ column }}`, w.`{{ column }}`){% endfor %};
{% endfor %}
