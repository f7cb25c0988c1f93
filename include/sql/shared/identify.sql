{# Join conditions that find something on the site by a value of the file. An empty value matches nothing. #}
{% macro equal(alias, by, value) -%}
{% if by == "id" -%}
{{ alias }}.id = IF({{ value }} REGEXP '^[1-9][0-9]{0,17}$', CAST({{ value }} AS UNSIGNED), 0)
{%- else -%}
{{ alias }}.`{{ by }}` = {{ value }} AND {{ value }} <> ''
{%- endif %}
{%- endmacro %}

{% macro user(alias, by, value) -%}
{{ equal(alias, by, value) }} AND {{ alias }}.deleted = 0 AND {{ alias }}.mnethostid = {{ setting("mnet_localhost_id") }} + 0
{%- endmacro %}

{% macro course(alias, by, value) -%}
{{ equal(alias, by, value) }} AND {{ alias }}.category <> 0
{%- endmacro %}

{% macro role(alias, by, value) -%}
{{ equal(alias, by, value) }}
{%- endmacro %}

{% macro group(alias, by, value, course) -%}
{{ equal(alias, by, value) }} AND {{ alias }}.courseid = {{ course }}
{%- endmacro %}
