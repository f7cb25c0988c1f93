{% include "shared/people_check.sql" %}
{% include "shared/people_failures.sql" %}
{% include "shared/create_groups.sql" %}
{% include "shared/people.sql" %}
