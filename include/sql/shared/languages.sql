{# Whether a language is none that the site offers: @site_languages is its setting `langlist`, `installed` the row of installed_languages for it. #}
{% macro not_offered(lang, installed) -%}
({{ installed }} IS NULL OR @site_languages <> '' AND NOT @site_languages REGEXP CONCAT('(^|[, \n])', {{ lang }}, '([|, \r\n]|$)'))
{%- endmacro %}
