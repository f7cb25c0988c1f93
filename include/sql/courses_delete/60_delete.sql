-- All their rows.
{% include "shared/course/take.sql" %}
