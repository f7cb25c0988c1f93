{# Whether existing courses lose their content before that of their template is copied. #}
{% set replaces = given("template") and option.force_update and option.template_mode == "replace" %}
