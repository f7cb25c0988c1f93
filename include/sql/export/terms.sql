{#
  What the files of this folder share. A column `faults` holds a line for each cell that a file can't say, `column|why`; without a column, the
  whole line is left out. A cell that is NULL means that the line does without the column: it goes into a file that has none.

  unwritable  the faults of a row, of which each is NULL where there is none
  fault       a fault, where a condition holds
  odd_status  the fault of a status that says neither active nor suspended
  person, course, cohort, group   why a row of {user}, {course} … can't be named in a file by the Param for it; NULL: it can
  is_person   whether a row of {user} may be in a file: never the guest, nor a deleted account
  in_scope    whether a row of {course} is in the scope
  usable      whether a row of {enrol} takes people
  cohort_column   the column of a cohorts file that names the cohort
  bearers     a table of how many cohorts, or groups of a course, have each key
#}
{% import "shared/identify.sql" as named with context %}
{% set user_key, course_key, cohort_key, group_key = option.user_id_field, option.course_id_field, option.cohort_id_field, option.group_id_field %}
{% set cohort_column = {"idnumber": "cidnumber", "name": "cname", "id": "cid"}[cohort_key] %}

{% macro unwritable(faults) -%}
CONCAT_WS('\n', {{ faults | join(",\n       ") }})
{%- endmacro %}

{% macro fault(condition, column, why) -%}
IF({{ condition }}, '{{ column }}|{{ why }}', NULL)
{%- endmacro %}

{% macro odd_status(alias) -%}
{{ fault(alias ~ ".status NOT IN (0, 1)", "", "its status is neither 0 nor 1") }}
{%- endmacro %}

{% macro is_person(alias) -%}
{{ alias }}.deleted = 0 AND NOT {{ alias }}.id <=> {{ setting("siteguest") }} + 0
{%- endmacro %}

{% macro person(alias) -%}
CASE WHEN NOT ({{ named.is_user(alias) }}) THEN '|the account is of another MNet host'
{% if user_key != "id" %}
            WHEN {{ alias }}.{{ user_key }} = '' THEN '|the account has no {{ user_key }}'
{% endif %}
{% if user_key in ("idnumber", "email") %}
            WHEN EXISTS (SELECT 1 FROM {user} twin
                          WHERE twin.{{ user_key }} = {{ alias }}.{{ user_key }} AND twin.id <> {{ alias }}.id AND {{ named.is_user("twin") }}
                            AND {{ named.same("twin.email", alias ~ ".email") if user_key == "email" else named.exact("twin.idnumber", alias ~ ".idnumber") }})
            THEN '|several accounts have this {{ user_key }}'
{% endif %}
       END
{%- endmacro %}

{% macro course(alias) -%}
{% if course_key == "id" %}
NULL
{%- else -%}
CASE WHEN {{ alias }}.{{ course_key }} = '' THEN '|the course has no {{ course_key }}'
            WHEN EXISTS (SELECT 1 FROM {course} twin
                          WHERE twin.{{ course_key }} = {{ alias }}.{{ course_key }} AND twin.id <> {{ alias }}.id AND {{ named.is_course("twin") }}
                            AND {{ named.exact("twin." ~ course_key, alias ~ "." ~ course_key) }})
            THEN '|several courses have this {{ course_key }}'
       END
{%- endif %}
{%- endmacro %}

{% macro cohort(alias, bearers) -%}
{% if cohort_key == "id" %}
NULL
{%- else -%}
CASE WHEN COALESCE({{ alias }}.{{ cohort_key }}, '') = '' THEN '|the cohort has no {{ cohort_key }}'
            WHEN {{ bearers }}.n > 1 THEN '|several cohorts have this {{ cohort_key }}' END
{%- endif %}
{%- endmacro %}

{% macro group(alias, bearers) -%}
{% if group_key == "id" %}
NULL
{%- else -%}
CASE WHEN COALESCE({{ alias }}.{{ group_key }}, '') = '' THEN '|the group has no {{ group_key }}'
            WHEN {{ bearers }}.n > 1 THEN '|several groups of the course have this {{ group_key }}' END
{%- endif %}
{%- endmacro %}

{% macro bearers(name, key, of_course=false) -%}
(SELECT {{ "courseid, " if of_course }}{{ key }} COLLATE utf8mb4_bin AS bearing, COUNT(*) AS n FROM {{ table(name) }} GROUP BY {{ "courseid, " if of_course }}bearing)
{%- endmacro %}

{% macro in_scope(alias) -%}
{{ named.is_course(alias) }}
{% if option.categories %}
   AND {{ alias }}.category IN (SELECT categoryid FROM toolsync_inside)
{% endif %}
{% for column in ("shortname", "fullname", "idnumber") %}
   AND (@{{ column }} IS NULL OR {{ alias }}.{{ column }} LIKE @{{ column }})
{% endfor %}
{%- endmacro %}

{% macro usable(alias) -%}
{% if option.use_disabled_instances %}TRUE{% else %}({{ alias }}.status = 0 AND FIND_IN_SET({{ alias }}.enrol, COALESCE({{ setting("enrol_plugins_enabled") }}, '')) > 0){% endif %}
{%- endmacro %}
