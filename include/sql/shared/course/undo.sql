{# Keep rows as they are before the type changes them, for the undo bundles: toolsync_before_<table>, with the course whose bundle they go to. #}
{% macro begin(tables) %}
{% for table in tables if site_has(table) %}
CREATE TEMPORARY TABLE toolsync_before_{{ table }} AS SELECT CAST(0 AS SIGNED) AS toolsync_course, t.* FROM {{ "{" ~ table ~ "}" }} t LIMIT 0;
{% endfor %}
{% endmacro %}

{% macro keep(table, rest) %}
{% if site_has(table) %}
INSERT INTO toolsync_before_{{ table }}
SELECT {{ rest }};
{% endif %}
{% endmacro %}
