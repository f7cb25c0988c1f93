-- The work tables for enrolments, roles, groups and cohorts. The next files fill them, 58_people.sql carries them out.
{% from "users/terms.sql" import people with context %}
{% if people %}
{% include "shared/people_tables.sql" %}
{% endif %}
