{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import seen, ties, noun, once, since, leave_out, pairs, in_place with context %}
-- Put back the rows that the run took away, with their ids, what others hang on first.
{% set order = undone | list %}
{% set deleted = [] %}
{% for name, what in undone.items() if what.deleted %}
{% set _ = deleted.append(name) %}
{% endfor %}
{% if "grade_categories" in undone and undone.grade_categories.deleted %}

-- Where the top category of a course's grades is another one by now, what hung on the old one hangs on that.
CREATE TEMPORARY TABLE toolsync_top_since (courseid BIGINT NOT NULL PRIMARY KEY, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, KEY (oldid));

INSERT IGNORE INTO toolsync_top_since (courseid, oldid, newid)
SELECT b.courseid, b.id, t.id
  FROM toolsync_back_grade_categories b
  STRAIGHT_JOIN {grade_categories} t {{ by_index("grade_categories", "courseid") }} ON t.courseid = b.courseid AND t.depth = 1 AND t.id <> b.id
 WHERE b.depth = 1
 ORDER BY b.id, t.id;

-- when: toolsync_top_since
UPDATE toolsync_back_grade_categories b
  JOIN toolsync_top_since s ON s.courseid = b.courseid
   SET b.parent = IF(b.parent = s.oldid, s.newid, b.parent), b.path = CONCAT('/', s.newid, SUBSTRING(b.path, CHAR_LENGTH(s.oldid) + 2))
 WHERE b.depth > 1 AND b.path LIKE CONCAT('/', s.oldid, '/%');
{% if "grade_items" in undone and undone.grade_items.deleted %}

-- when: toolsync_top_since
UPDATE toolsync_back_grade_items b
  JOIN toolsync_top_since s ON s.oldid = b.categoryid
   SET b.categoryid = s.newid;
{% endif %}
{% endif %}
{% for name, what in undone.items() if what.deleted %}

-- They are there again.
{{ leave_out("SELECT b.id FROM toolsync_back_" ~ name ~ " b JOIN " ~ table(name) ~ " t ON t.id = b.id", ["toolsync_back_" ~ name]) }}
{% for one in references_of(name) %}
{% set later = one.target in undone and undone[one.target].deleted and order.index(one.target) > order.index(name) %}
{# Of some tables, Moodle leaves all rows at a deletion, without it. #}
{% set lasts = name in left_behind() and name not in hanging().tables and one.target != "user" %}
{% if one.target == name %}

INSERT INTO toolsync_these (id) SELECT b.id FROM toolsync_back_{{ name }} b;
{% endif %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', b.id, b.toolsync_line, 'deleted', {{ "IF(p.id IS NULL, " if one.target == "user" and name in ties }}CONCAT('{{ noun(one.target) }} with the id ', b.`{{ one.column }}`, ', to which it belongs, is gone'){{ ", 'the account was deleted since')" if one.target == "user" and name in ties }}
  FROM toolsync_back_{{ name }} b
  LEFT JOIN {{ table(one.target) }} p ON p.id = b.`{{ one.column }}`
{% if one.target == name %}
  LEFT JOIN toolsync_these k ON k.id = b.`{{ one.column }}`
{% elif later %}
  LEFT JOIN toolsync_back_{{ one.target }} k ON k.id = b.`{{ one.column }}`
{% endif %}
{% if lasts %}
  LEFT JOIN toolsync_lasting o ON o.name = '{{ name }}'
{% endif %}
 WHERE b.`{{ one.column }}` > 0{{ " AND o.id IS NULL" if lasts }} AND (p.id IS NULL{{ " OR p.deleted = 1" if one.target == "user" and name in ties }}){{ " AND k.id IS NULL" if one.target == name or later }}{{ " AND b.contextlevel = " ~ one.level if one.level }};
{% if one.target == name %}

DELETE FROM toolsync_these;
{% endif %}
{% endfor %}
{% if name == "grade_grades" %}

-- Moodle works totals out, and leaves an empty row for each grade that somebody has not got.
INSERT IGNORE INTO toolsync_these (id)
SELECT t.id
  FROM toolsync_back_grade_grades b
  JOIN {grade_grades} t ON t.userid = b.userid AND t.itemid = b.itemid
  LEFT JOIN toolsync_stays s ON s.name = 'grade_grades' AND s.id = b.id
 WHERE s.id IS NULL AND t.finalgrade IS NULL AND {{ computed("t") }};

-- when: toolsync_these
DELETE t FROM toolsync_these k STRAIGHT_JOIN {grade_grades} t ON t.id = k.id;

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endif %}
{% for key in unique_keys(name) + once.get(name, []) %}
{% if name in seen %}

-- What somebody has seen since is later.
{{ leave_out("SELECT b.id FROM toolsync_back_" ~ name ~ " b JOIN " ~ table(name) ~ " t ON " ~ pairs(key, "t", "b"), ["toolsync_back_" ~ name]) }}
{% else %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', b.id, b.toolsync_line, 'deleted', CONCAT('somebody made another one since (id ', MIN(t.id), ', with the same {{ key | join(", ") }})')
  FROM toolsync_back_{{ name }} b
  {{ in_place(name, key) }}{{ since(name, key, "t") }}
 GROUP BY b.id;
{% endif %}
{% endfor %}
{% for one in references_of(name) if one.target == name %}

-- What hangs on something that does not come back, does not either, nor what hangs on that.
{% for _ in range(10) %}

-- when: toolsync_stays
INSERT INTO toolsync_these (id)
SELECT s.id FROM toolsync_stays s WHERE s.name = '{{ name }}' AND s.what = 'deleted';

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', b.id, b.toolsync_line, 'deleted', CONCAT('{{ noun(name) }} with the id ', k.id, ', to which it belongs, does not come back')
  FROM toolsync_these k
  JOIN toolsync_back_{{ name }} b ON b.`{{ one.column }}` = k.id
  LEFT JOIN {{ table(name) }} p ON p.id = k.id
 WHERE p.id IS NULL;

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endfor %}
{% endfor %}

-- chunks: toolsync_back_{{ name }}.id
INSERT INTO {{ table(name) }} (`{{ columns_of(name) | join("`, `") }}`)
SELECT b.`{{ columns_of(name) | join("`, b.`") }}`

  FROM toolsync_back_{{ name }} b
  LEFT JOIN toolsync_stays s ON s.name = '{{ name }}' AND s.id = b.id
 WHERE b.id BETWEEN @first AND @last AND s.id IS NULL
 ORDER BY b.id;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_hanging (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, otherid BIGINT NOT NULL);
{# What the site's references lead to was looked for above, unless it came later, or is taken away again here. #}
{% set late = [] %}
{% for cycle in hanging().between(deleted).cycles %}
{% for node in cycle * cycle | length %}
{% set links = [] %}
{% for link in node.parents %}
{% set known = references_of(node.name) | selectattr("column", "equalto", link.column) | selectattr("target", "equalto", link.table) | list %}
{% if not known or order.index(link.table) > order.index(node.name) or link.table in late %}
{% set _ = links.append(link) %}
{% endif %}
{% endfor %}
{% if links %}
{% set _ = late.append(node.name) %}

-- What hangs on something that does not come back, does not either.
{% for link in links %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_hanging (id, name, otherid)
SELECT t.id, '{{ noun(link.table) }}', s.id
{% if link.key == "id" %}
  FROM toolsync_back_{{ node.name }} t
  STRAIGHT_JOIN toolsync_stays s ON s.name = '{{ link.table }}' AND s.id = {{ link.named }}
{% else %}
  FROM toolsync_stays s
  STRAIGHT_JOIN toolsync_back_{{ link.table }} k ON s.name = '{{ link.table }}' AND k.id = s.id
  STRAIGHT_JOIN toolsync_back_{{ node.name }} t ON t.`{{ link.column }}` = k.`{{ link.key }}`
{% endif %}
 WHERE s.what = 'deleted'{{ link.condition }};
{% endfor %}

-- when: toolsync_hanging
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ node.name }}', b.id, b.toolsync_line, 'deleted', CONCAT(h.name, ' with the id ', h.otherid, ', to which it belongs, does not come back')
  FROM toolsync_hanging h
  JOIN toolsync_back_{{ node.name }} b ON b.id = h.id;

-- when: toolsync_hanging
DELETE t FROM toolsync_hanging h STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = h.id;

-- when: toolsync_hanging
DELETE FROM toolsync_hanging;
{% endif %}
{% endfor %}
{% endfor %}
{% for name, what in undone.items() %}
{% for one in references_of(name) if one.column in what.changed and one.target in undone and undone[one.target].deleted %}

-- What was to belong again to something that does not come back, stays where it is.
-- when: toolsync_stays
INSERT INTO toolsync_these (id)
SELECT w.id
  FROM toolsync_stays s
  JOIN toolsync_was_{{ name }} w ON w.`{{ one.column }}` = s.id
  JOIN toolsync_became_{{ name }} b ON b.id = w.id AND NOT (b.`{{ one.column }}` <=> w.`{{ one.column }}`)
  LEFT JOIN {{ table(one.target) }} p ON p.id = s.id
 WHERE s.name = '{{ one.target }}' AND s.what = 'deleted' AND p.id IS NULL;

-- when: toolsync_these
UPDATE toolsync_these k
  STRAIGHT_JOIN toolsync_was_{{ name }} w ON w.id = k.id
  STRAIGHT_JOIN toolsync_became_{{ name }} b ON b.id = k.id
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = k.id
   SET t.`{{ one.column }}` = b.`{{ one.column }}`
 WHERE t.`{{ one.column }}` = w.`{{ one.column }}`;

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.toolsync_line, 'value', CONCAT('{{ noun(one.target) }} with the id ', w.`{{ one.column }}`, ', to which it would belong again, does not come back')
  FROM toolsync_these k
  JOIN toolsync_was_{{ name }} w ON w.id = k.id;

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endfor %}
{% endfor %}
