-- Collect all rows of the courses in toolsync_of_course, table by table along the course graph: toolsync_of_<table>.
-- `parts`: the part of the graph to walk (default: what goes with a deleted course). `again`: drop the tables of an earlier walk first. `when_any`:
-- create the tables only if that one holds rows.
{% set graph = parts if parts is defined else course_graph().deletable %}
{% set made = ["course"] %}
{% for node, link in graph.ways() %}
{% if node.name not in made %}
{% set _ = made.append(node.name) %}
{% if again is defined %}

DROP TEMPORARY TABLE IF EXISTS {{ node.part }};
{% endif %}
{% if when_any is defined %}

-- when: {{ when_any }}
{%- endif %}
CREATE TEMPORARY TABLE {{ node.part }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));
{% endif %}

-- when: toolsync_of_{{ link.table }}
INSERT IGNORE INTO {{ node.part }} (id, courseid)
SELECT t.id, p.courseid
  FROM toolsync_of_{{ link.table }} p
{% if link.key == "id" %}
  JOIN {{ table(node.name) }} t ON {{ link.named }} = p.id{{ link.condition }};
{% else %}
  JOIN {{ table(link.table) }} k ON k.id = p.id
  JOIN {{ table(node.name) }} t ON t.{{ link.column }} = k.{{ link.key }}{{ link.condition }};
{% endif %}
{% endfor %}
