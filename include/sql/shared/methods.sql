{#
  Enrolment methods.
  role_component, role_item   whose the roles are that come with an enrolment by method `e`: people may change those of some methods by hand (Moodle's
                              `roles_protected()` is false), and these have no owner
  guests                      why nobody is enrolled by method guest
#}
{% macro unowned(e) -%}
{{ e }}.enrol IN ('manual', 'self', 'fee', 'paypal')
{%- endmacro %}
{% macro role_component(e) -%}
IF({{ unowned(e) }}, '', CONCAT('enrol_', {{ e }}.enrol))
{%- endmacro %}
{% macro role_item(e, id="id") -%}
IF({{ unowned(e) }}, 0, {{ e }}.{{ id }})
{%- endmacro %}
{% set guests = "guests look into a course and are not enrolled: name another method" %}
