-- Delete all rows of these courses.
{% include "shared/course/take.sql" %}
