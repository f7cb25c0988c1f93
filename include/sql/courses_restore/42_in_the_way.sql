-- What was created since in the place of rows to put back makes way for them, with all that hangs on it.
{% from "courses_restore/tables.sql" import tables, replaceable with context %}
{% from "undo/terms.sql" import once, in_place with context %}
CREATE TEMPORARY TABLE toolsync_in_the_way (name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, line INT UNSIGNED NOT NULL, PRIMARY KEY (name, id));
{% set ways = [] %}
{% for name in tables if site_has(name) and replaceable(name) != "FALSE" %}
{% for columns in unique_keys(name) + (once.get(name, []) if name not in ("course", "groups", "groupings") else []) %}
{% set _ = ways.append(name) if name not in ways %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_in_the_way (name, id, line)
SELECT '{{ name }}', t.id, b.toolsync_line
  FROM toolsync_back_{{ name }} b
  {{ in_place(name, columns) }}
 WHERE {{ replaceable(name) }};
{% endfor %}
{% endfor %}

-- With grade items that go, the grades in them: here nobody gave one, or overwrite_changes is on.
-- when: toolsync_unmake_grade_items
INSERT IGNORE INTO toolsync_in_the_way (name, id, line)
SELECT 'grade_grades', x.id, m.toolsync_line
  FROM toolsync_unmake_grade_items m
  STRAIGHT_JOIN {grade_grades} x {{ by_index("grade_grades", "itemid") }} ON x.itemid = m.id;
{# On what Moodle computes, and on folders, nothing hangs. #}
{% set below = hanging().below(ways if option.overwrite_changes else []) %}
{% set names = ways + below.tables | reject("in", ways) | list %}
{% for name in names %}

-- when: toolsync_in_the_way
CREATE TEMPORARY TABLE toolsync_way_{{ name }} (id BIGINT NOT NULL PRIMARY KEY);
{% if name in ways %}

-- when: toolsync_in_the_way
INSERT INTO toolsync_way_{{ name }} (id) SELECT w.id FROM toolsync_in_the_way w WHERE w.name = '{{ name }}';
{% endif %}
{% endfor %}
{# Whether no index leads to the rows that hang on others. They are looked for among all of their table in the course. #}
{% macro far(name, link) %}{{ "yes" if link.key == "id" and link.column != "id" and (link.in_text or not by_index(name, link.column)) }}{% endmacro %}
{% set scattered = [] %}
{% for node, link in below.ways() if far(node.name, link) %}
{% set _ = scattered.append(node.name) %}
{% endfor %}
{% if scattered %}

DELETE FROM toolsync_of_course;

INSERT INTO toolsync_of_course (id, courseid)
SELECT DISTINCT r.courseid, r.courseid FROM toolsync_in_the_way w JOIN toolsync_row r ON r.line = w.line;

{% with parts=course_graph().leading_to(scattered), again=true, when_any="toolsync_of_course" %}{% include "shared/course/collect.sql" %}{% endwith %}
{% endif %}
{% for node, link in below.ways() %}
{% if far(node.name, link) %}

-- when: toolsync_way_{{ link.table }}
-- when: {{ node.part }}
INSERT IGNORE INTO toolsync_way_{{ node.name }} (id)
SELECT t.id
  FROM {{ node.part }} p
  STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = p.id{{ link.condition }}
  STRAIGHT_JOIN toolsync_way_{{ link.table }} w ON w.id = {{ link.named }};
{% else %}

-- when: toolsync_way_{{ link.table }}
INSERT IGNORE INTO toolsync_way_{{ node.name }} (id)
SELECT t.id
  FROM toolsync_way_{{ link.table }} w
{% if link.key != "id" %}
  STRAIGHT_JOIN {{ table(link.table) }} k ON k.id = w.id
{% endif %}
  STRAIGHT_JOIN {{ table(node.name) }} t {{ by_index(node.name, link.column) if link.column != "id" }} ON t.{{ link.column }} = {{ "w.id" if link.key == "id" else "k." ~ link.key }}{{ link.condition }};
{% endif %}
{% endfor %}
{% for name in names %}

-- when: toolsync_way_{{ name }}
DELETE t FROM toolsync_way_{{ name }} w STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id;
{% endfor %}
