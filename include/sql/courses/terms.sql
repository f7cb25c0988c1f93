{#
  methods    whether lines may set enrolment methods
  replaces   whether existing courses lose their content before that of their template is copied
#}
{% set methods = given("self") or given("guest") or given_any("enrolment_#") %}
{% set replaces = given("template") and option.force_update and option.template_mode == "replace" %}
