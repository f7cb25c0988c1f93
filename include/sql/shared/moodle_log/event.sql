{# The head of an INSERT of events: what they are called (target_action), whether the act created, updated or deleted something (c, u, d), and their level of
   education (0: of no concern to teaching, 1: teaching). The SELECT below gives the columns from `objectid` on. #}
{% macro event(target, action, crud, object, level=0) -%}
INSERT INTO toolsync_log (target, action, crud, objecttable, edulevel, objectid, contextlevel, instanceid, courseid, relateduserid, other)
SELECT '{{ target }}', '{{ action }}', '{{ crud }}', {{ "NULL" if object is none else "'" ~ object ~ "'" }}, {{ level }}
{%- endmacro %}
{# Whether a row that was changed differs in one of these columns. #}
{% macro differs(before, after, columns) -%}
NOT ({% for column in columns %}BINARY {{ before }}.`{{ column }}` <=> BINARY {{ after }}.`{{ column }}`{{ " AND " if not loop.last }}{% endfor %})
{%- endmacro %}
{# The id of the course that a context belongs to, 0: none. #}
{% macro course_of(context) -%}
CASE {{ context }}.contextlevel WHEN 50 THEN {{ context }}.instanceid
  WHEN 70 THEN COALESCE((SELECT cm.course FROM {course_modules} cm WHERE cm.id = {{ context }}.instanceid), 0) ELSE 0 END
{%- endmacro %}
