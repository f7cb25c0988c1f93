{# The tables that bundles may have rows of, parents first: those of the course graph, and what goes or changes with a course besides. #}
{% set graph = course_graph() %}
{% set tables = ["tag", "files_reference"] + graph.root_to_leaf | map(attribute="name") | list + ["tag_correlation", "user_preferences"] %}
{# Which rows, of those that stand where others are to come back, may be replaced: what Moodle calculated by itself and folders, or all of them. #}
{% macro replaceable(name) -%}
{% if option.overwrite_changes or name in graph.tables and graph.tables[name].facts.get("derived") -%}
TRUE
{%- elif name == "grade_grades" -%}
t.rawgrade IS NULL AND t.overridden = 0 AND t.feedback IS NULL
{%- elif name == "files" -%}
t.filename = '.'
{%- else -%}
FALSE
{%- endif %}
{%- endmacro %}
{# What is written when somebody merely looks, or by Moodle itself: no reason not to take the content away that it hangs on. #}
{% set harmless = ["context", "course_modules_viewed", "forum_read", "forum_subscriptions", "block_recentlyaccesseditems"] %}
{# Columns that Moodle rewrites by itself: what they hold by now is no reason not to put a row back. #}
{% set volatile = ["cacherev", "needsupdate", "timemodified", "usermodified", "modifierid"] %}
