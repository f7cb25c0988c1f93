-- Every row of the courses in toolsync_of_course, table by table, as the course graph leads to them: toolsync_of_<table>.
-- Of the graph `parts`; without it, of what goes when a course goes. With `again` such tables may be there from another look.
{% set graph = parts if parts is defined else course_graph().deletable %}
{% set made = ["course"] %}
{% for table, link in graph.ways() %}
{% if table.name not in made %}
{% set _ = made.append(table.name) %}
{% if again is defined %}

DROP TEMPORARY TABLE IF EXISTS {{ table.part }};
{% endif %}
{% if when_any is defined %}

-- when: {{ when_any }}
{% endif %}
CREATE TEMPORARY TABLE {{ table.part }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));
{% endif %}

-- when: toolsync_of_{{ link.table }}
INSERT IGNORE INTO {{ table.part }} (id, courseid)
SELECT t.id, p.courseid
  FROM toolsync_of_{{ link.table }} p
{% if link.key == "id" %}
  JOIN {{ "{" ~ table.name ~ "}" }} t ON t.{{ link.column }} = p.id{{ link.condition }};
{% else %}
  JOIN {{ "{" ~ link.table ~ "}" }} k ON k.id = p.id
  JOIN {{ "{" ~ table.name ~ "}" }} t ON t.{{ link.column }} = k.{{ link.key }}{{ link.condition }};
{% endif %}
{% endfor %}
