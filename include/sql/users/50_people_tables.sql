{% if given("cohort") or given("deleted") or given_any("cohort#") or given_any("course#") or given_any("sysrole#") %}
{% include "shared/people_tables.sql" %}
{% endif %}
