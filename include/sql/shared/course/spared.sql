-- Move the rows that remain when a course's content is replaced from toolsync_of_<table> to toolsync_kept_<table>.
{% for table in course_graph().replaceable.root_to_leaf if table.remains %}

CREATE TEMPORARY TABLE toolsync_kept_{{ table.name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));

-- when: {{ table.part }}
INSERT INTO toolsync_kept_{{ table.name }} (id, courseid)
SELECT p.id, p.courseid
  FROM {{ table.part }} p
  JOIN {{ "{" ~ table.name ~ "}" }} t ON t.id = p.id
 WHERE {{ table.remains }};

-- when: toolsync_kept_{{ table.name }}
DELETE p FROM {{ table.part }} p JOIN toolsync_kept_{{ table.name }} k ON k.id = p.id;
{% endfor %}
