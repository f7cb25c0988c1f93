{#
  The branches of a CASE that tell, as `column|message`, which values of a line `r` name nothing, or several things. `values` has for each: the column of the file,
  the column of toolsync_line `l` with the number of matches, the thing with its article, without it, several of them, and the field that identifies it.
#}
{# How many there are; where two values of a line name several things, the pairs of these were counted. #}
{% macro number(count, values) -%}
IF({% for other in values if other[1] != count %}l.{{ other[1] }} > 1{{ " OR " if not loop.last }}{% endfor %}, 'several', l.{{ count }})
{%- endmacro %}

{% macro looked_up(values) -%}
{% for column, count, a, one, several, by in values %}
            WHEN l.{{ count }} <> 1 AND COALESCE(r.{{ column }}, '') = '' THEN '{{ column }}|expected the {{ by }} of {{ a }}'
            WHEN l.{{ count }} = 0 THEN '{{ column }}|no {{ one }} has this {{ by }}'
            WHEN l.{{ count }} > 1 THEN CONCAT('{{ column }}|', {{ number(count, values) }}, ' {{ several }} have this {{ by }}')
{%- endfor %}
{%- endmacro %}
