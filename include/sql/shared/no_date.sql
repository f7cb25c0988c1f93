{# Why a text is no date, as a text of SQL; validation says the same of columns that are dates in every file (plugins/toolsync/reading/values.py). #}
{% macro no_date(value) -%}
IF({{ value }} REGEXP '^[0-9]{5}([.,][0-9]+)?$', CONCAT('this looks like a spreadsheet''s number for ', DATE('1899-12-30') + INTERVAL LEFT({{ value }}, 5) DAY, ': write the date'),
   'expected a date: 2026-09-01, 2026-09-01 08:00, or Unix seconds of 9 digits and more')
{%- endmacro %}
