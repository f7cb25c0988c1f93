{#
  methods    whether lines may set enrolment methods
  replaces   whether existing courses lose their content before that of their template is copied
#}
{% set methods = given("self") or given("guest") or given_any("enrolment_#") %}
{% set replaces = given("template") and option.force_update and option.template_mode == "replace" %}

{# That the data `d` of a custom field are those of field `f`. Since Moodle 5.1 fields can be shared, and the data name their component. #}
{% set of_field = " AND d.component = f.component AND d.area = f.area AND d.itemid = f.itemid" if site_has("customfield_data", "component") else "" %}
