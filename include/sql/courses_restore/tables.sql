{% from "shared/computed_grades.sql" import computed %}
{# The tables of which bundles may have rows, parents first: those of the course graph, and others that change with a course. #}
{% set graph = course_graph() %}
{% set tables = ["tag", "files_reference"] + graph.root_to_leaf | map(attribute="name") | list + ["tag_correlation", "user_preferences", "config"] %}
{# Which rows that stand in the place of rows to put back may be replaced: those that Moodle computes, and folders; with overwrite_changes, all. #}
{% macro replaceable(name) -%}
{% if option.overwrite_changes or name in graph.tables and graph.tables[name].facts.get("derived") -%}
TRUE
{%- elif name == "grade_grades" -%}
{{ computed("t") }}
{%- elif name == "files" -%}
t.filename = '.'
{%- else -%}
FALSE
{%- endif %}
{%- endmacro %}
{# Written when somebody merely looks at the course, or by Moodle itself: no reason to refuse. #}
{% set harmless = ["context", "course_modules_viewed", "forum_read", "forum_subscriptions", "block_recentlyaccesseditems"] %}
{# Columns that Moodle rewrites by itself: a change in them is no reason to refuse. #}
{% set volatile = ["cacherev", "needsupdate", "timemodified", "usermodified", "modifierid"] %}
