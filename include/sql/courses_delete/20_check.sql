{% include "shared/course/refuse.sql" %}

{% include "shared/course/plan.sql" %}
