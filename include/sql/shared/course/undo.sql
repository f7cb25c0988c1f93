{# Keep rows as they are before the type changes them, for the undo bundles: toolsync_before_<table>, with the course whose bundle they go to. #}
{% macro begin(tables) %}
{% for name in tables if site_has(name) %}
CREATE TEMPORARY TABLE toolsync_before_{{ name }} AS SELECT CAST(0 AS SIGNED) AS toolsync_course, t.* FROM {{ table(name) }} t LIMIT 0;
{% endfor %}
{% endmacro %}

{% macro keep(name, rest) %}
{% if site_has(name) %}
INSERT INTO toolsync_before_{{ name }}
SELECT {{ rest }};
{% endif %}
{% endmacro %}
