{#
  own      the column of a file that Param cohort_id_field means
  written  what identifies the cohort of a line `r`: its column cid, otherwise `own`; `key`: the same, no longer than a name can be
  longest  the length of the longest key that a cohort can have
  makes    whether a line `r` makes its cohort when none is written exactly so
  kind, place   of the category of a line `r`: by what the line names it, and the value
#}
{% set own = {"idnumber": "cidnumber", "name": "cname", "id": "cid"}[option.cohort_id_field] %}
{% set written = "COALESCE(NULLIF(r.cid, ''), r." ~ own ~ ")" %}
{% set key = "LEFT(" ~ written ~ ", 254)" %}
{% set longest = {"idnumber": 100, "name": 254, "id": 254}[option.cohort_id_field] %}
{% set makes = "COALESCE(r.cmd, '') IN ('', 'add')" if option.auto_create and option.cohort_id_field != "id" else "FALSE" %}
{% set places = [("contextid", "context"), ("category_path", "path"), ("ccatcontext", "id"), ("ccatcontextidnumber", "idnumber"), ("category", "any")] %}
{% set named_by = [] %}
{% for column, by in places if given(column) %}{% set _ = named_by.append((column, by)) %}{% endfor %}
{% macro kind() -%}
{% if named_by %}CASE{% for column, by in named_by %} WHEN r.{{ column }} <> '' THEN '{{ by }}'{% endfor %} ELSE '' END{% else %}''{% endif %}
{%- endmacro %}
{% macro place() -%}
LEFT(COALESCE({% for column, by in named_by %}NULLIF(r.{{ column }}, ''), {% endfor %}''), 700)
{%- endmacro %}
{% macro field_of_place() -%}
CASE{% for column, by in named_by %} WHEN r.{{ column }} <> '' THEN '{{ column }}'{% endfor %} ELSE '' END
{%- endmacro %}
