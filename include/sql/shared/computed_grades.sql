{# Whether Moodle alone wrote a row of grade_grades. A grade that somebody gave in a manual item looks like a total or a calculated one: the item tells. #}
{% macro computed(grade) -%}
({{ grade }}.rawgrade IS NULL AND {{ grade }}.overridden = 0 AND COALESCE({{ grade }}.feedback, '') = '' AND {{ grade }}.excluded = 0
            AND {{ grade }}.hidden = 0 AND {{ grade }}.locked = 0 AND {{ grade }}.locktime = 0
            AND ({{ grade }}.finalgrade IS NULL
                 OR EXISTS (SELECT 1 FROM {grade_items} i WHERE i.id = {{ grade }}.itemid AND (i.itemtype IN ('course', 'category') OR i.calculation IS NOT NULL))))
{%- endmacro %}
