-- All their rows, leaf to root.
{% for name in ["tag_correlation", "tag", "user_preferences", "files_reference"] %}

-- when: toolsync_of_{{ name }}
DELETE t FROM {{ "{" ~ name ~ "}" }} t JOIN toolsync_of_{{ name }} p ON p.id = t.id;
{% endfor %}
{% for table in course_graph().mortal.leaf_to_root %}

-- when: {{ table.part }}
DELETE t FROM {{ "{" ~ table.name ~ "}" }} t JOIN {{ table.part }} p ON p.id = t.id;
{% endfor %}
