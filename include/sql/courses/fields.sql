{#
  Columns of the file that {course} has under the same name, with the site's default for a new course.
  An empty cell keeps a name, clears another text, and counts as not given for a number or a date.
#}
{% set kept_when_empty = ["fullname", "format"] %}
{% set cleared = {"idnumber": "''", "summary": "''", "lang": "@new_lang", "theme": "''"} %}
{% set numbers = {
    "summaryformat": "1", "newsitems": "@new_newsitems", "showgrades": "@new_showgrades", "showreports": "@new_showreports",
    "showactivitydates": "@new_showactivitydates", "legacyfiles": "@new_legacyfiles", "maxbytes": "@new_maxbytes", "groupmode": "@new_groupmode",
    "groupmodeforce": "@new_groupmodeforce", "defaultgroupingid": "0", "enablecompletion": "@new_enablecompletion", "visible": "@new_visible",
    "startdate": "@tomorrow",
} %}
{% set texts = ["shortname", "fullname", "format", "idnumber", "summary", "lang", "theme"] %}
{# Everything that an update may change, except the end date and the place in the category. #}
{% set stored = texts + numbers.keys() | list + ["visibleold", "downloadcontent", "showcompletionconditions", "category"] %}

{# What a new course takes from its template if its line gives no value. 33_copy.sql sets the default grouping, which is a copy. #}
{% macro of_template(column) %}
{%- if given("template") and column == "enablecompletion" %}IF(@site_completion, k.enablecompletion, IF(k.id IS NULL, NULL, 0)), {% elif given("template") and column == "theme" %}IF(@themes_allowed, k.theme, IF(k.id IS NULL, NULL, '')), {% elif given("template") and column not in ["fullname", "idnumber", "defaultgroupingid"] %}k.{{ column }}, {% endif %}
{%- endmacro %}

{# A slash in a name, while ` / ` separates the names of a path; and a text with that in it, as people write it. #}
{% set inner_slash = "_utf8mb4 x'01'" %}
{% macro written(path) %}REPLACE({{ path }}, {{ inner_slash }}, '/'){% endmacro %}

{# How many names a path has. #}
{% macro levels(path) %}1 + (CHAR_LENGTH({{ path }}) - CHAR_LENGTH(REPLACE({{ path }}, ' / ', ''))) / 3{% endmacro %}
