{# The text of a Param as SQL, whatever characters it holds. #}
{% macro literal(text) -%}
_utf8mb4 x'{{ (text or "").encode().hex() }}'
{%- endmacro %}
