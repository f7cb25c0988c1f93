{# The text of a Param as SQL, whatever characters it holds. #}
{% macro literal(text) -%}
CONVERT(x'{{ (text or "").encode().hex() }}' USING utf8mb4)
{%- endmacro %}
