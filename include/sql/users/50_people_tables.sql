-- The work tables of what is wanted of people in courses and cohorts; the next steps fill them, 58_people.sql has it done.
{% from "users/terms.sql" import people with context %}
{% if people %}
{% include "shared/people_tables.sql" %}
{% endif %}
