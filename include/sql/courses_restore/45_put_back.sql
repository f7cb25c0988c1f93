-- Put deleted rows back with their ids, and give changed rows their old values.
{% from "courses_restore/tables.sql" import tables with context %}
{% for name in tables if site_has(name) %}

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

-- Grade items and categories that somebody made since move into the top category that is back, and totals are worked out with them.
CREATE TEMPORARY TABLE toolsync_category_moved (id BIGINT NOT NULL PRIMARY KEY, fromid BIGINT NOT NULL, toid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_item_moved (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, toid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_total_stale (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_other_top
INSERT INTO toolsync_category_moved (id, fromid, toid)
SELECT c.id, w.id, w.backid
  FROM toolsync_other_top w
  STRAIGHT_JOIN {grade_categories} c {{ by_index("grade_categories", "courseid") }} ON c.courseid = w.courseid AND c.depth > 1 AND c.path LIKE CONCAT('/', w.id, '/%');

-- when: toolsync_category_moved
UPDATE toolsync_category_moved w
  STRAIGHT_JOIN {grade_categories} c ON c.id = w.id
   SET c.parent = IF(c.parent = w.fromid, w.toid, c.parent), c.path = CONCAT('/', w.toid, SUBSTRING(c.path, CHAR_LENGTH(w.fromid) + 2));

-- when: toolsync_other_top
INSERT INTO toolsync_item_moved (id, courseid, toid)
SELECT gi.id, w.courseid, w.backid
  FROM toolsync_other_top w
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "categoryid") }} ON gi.categoryid = w.id;

-- when: toolsync_item_moved
UPDATE toolsync_item_moved w STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id SET gi.categoryid = w.toid, gi.needsupdate = 1;

-- when: toolsync_other_top
INSERT INTO toolsync_total_stale (id)
SELECT gi.id
  FROM (SELECT DISTINCT w.courseid FROM toolsync_item_moved w UNION SELECT DISTINCT t.courseid FROM toolsync_category_moved w JOIN toolsync_other_top t ON t.id = w.fromid) k
  JOIN {grade_items} gi ON gi.courseid = k.courseid AND gi.itemtype = 'course';

-- when: toolsync_total_stale
UPDATE toolsync_total_stale w STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id SET gi.needsupdate = 1;
