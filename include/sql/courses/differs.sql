{#
  Note for lines about existing courses what they say otherwise than the site, because Param `param` forbids to change it. `refused`: its value, in words;
  `columns`: the columns that are compared; those of the category always are.
#}
{% from "courses/fields.sql" import kept_when_empty, cleared with context %}
{% set categories = [] %}
{% for column in ["category", "category_idnumber", "category_path"] if given(column) %}{% set _ = categories.append(column) %}{% endfor %}
{% macro as_path(text) %}LOWER(TRIM(REGEXP_REPLACE(TRIM(BOTH '/' FROM REPLACE({{ text }}, '\\/', '/')), '(?:(?<![[:space:]])[[:space:]]+)?/[[:space:]]*', ' / '))){% endmacro %}
{% macro other(column, kind) -%}
{% if kind == "path" -%}
LOWER(r.{{ column }}) <> LOWER(k.path) COLLATE utf8mb4_bin AND {{ as_path("r." ~ column) }} <> {{ as_path("k.path") }} COLLATE utf8mb4_bin
{%- elif kind == "idnumber" -%}
NOT LOWER(r.{{ column }}) <=> LOWER(k.idnumber) COLLATE utf8mb4_bin
{%- else -%}
NOT r.{{ column }} <=> CAST(k.id AS CHAR)
{%- endif %}
{%- endmacro %}
{% if categories %}
-- The categories in which these courses are.
CREATE TEMPORARY TABLE toolsync_stood (id BIGINT NOT NULL PRIMARY KEY, path TEXT NOT NULL, idnumber VARCHAR(100) NULL);

INSERT INTO toolsync_stood (id, path, idnumber)
SELECT k.id, GROUP_CONCAT(a.name ORDER BY n.n SEPARATOR ' / '), MAX(k.idnumber)
  FROM (SELECT DISTINCT c.category AS id FROM toolsync_was_course c) d
  JOIN {course_categories} k ON k.id = d.id
  JOIN toolsync_number n ON n.n BETWEEN 1 AND k.depth
  JOIN {course_categories} a ON a.id = SUBSTRING_INDEX(SUBSTRING_INDEX(k.path, '/', n.n + 1), '/', -1) + 0
 GROUP BY k.id;

{% endif %}
INSERT INTO toolsync_note (line, field, message)
SELECT d.line, NULL, CONCAT('differs: ', d.what, '; Param {{ param }} is {{ refused }}')
  FROM (SELECT r.line, CONCAT_WS(', ',
{% for column in columns if given(column) %}
               IF({% if column in kept_when_empty + ["shortname"] %}r.{{ column }} <> '' AND NOT c.{{ column }} <=> r.{{ column }} COLLATE utf8mb4_bin
                  {%- elif column in cleared %}r.{{ column }} IS NOT NULL AND NOT COALESCE(c.{{ column }}, '') <=> r.{{ column }} COLLATE utf8mb4_bin
                  {%- elif column == "visible" %}r.visible <> c.visible AND NOT (r.visible = 1 AND c.visibleold = 1)
                  {%- elif column == "enddate" %}r.enddate <> c.enddate AND c.format <> 'weeks'
                  {%- else %}r.{{ column }} IS NOT NULL AND NOT r.{{ column }} <=> c.{{ column }}{% endif %}, '{{ column }}', NULL),
{% endfor %}
{% for column in categories %}
               IF(r.{{ column }} <> ''{% for before in categories[:loop.index0] %} AND r.{{ before }} = ''{% endfor %} AND {{ other(column, option.category_id_field if column == "category" else column[9:]) }}, '{{ column }}', NULL),
{% endfor %}
               NULL) AS what
          FROM toolsync_row r
          JOIN toolsync_was_course c ON c.id = r.courseid
{% if categories %}
          LEFT JOIN toolsync_stood k ON k.id = c.category
{% endif %}
         WHERE r.status IS NULL{{ " AND r.backup IS NULL" if param == "protect_category" }}) d
 WHERE d.what <> '';
