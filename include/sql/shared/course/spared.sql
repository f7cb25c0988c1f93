-- Move the rows that remain when a course's content is replaced from toolsync_of_<table> to toolsync_kept_<table>.
{% for node in course_graph().replaceable.root_to_leaf if node.remains %}

CREATE TEMPORARY TABLE toolsync_kept_{{ node.name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));

-- when: {{ node.part }}
INSERT INTO toolsync_kept_{{ node.name }} (id, courseid)
SELECT p.id, p.courseid
  FROM {{ node.part }} p
  JOIN {{ table(node.name) }} t ON t.id = p.id
 WHERE {{ node.remains }};

-- when: toolsync_kept_{{ node.name }}
DELETE p FROM {{ node.part }} p JOIN toolsync_kept_{{ node.name }} k ON k.id = p.id;
{% endfor %}
