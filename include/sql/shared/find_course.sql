{% import "shared/identify.sql" as named with context %}
{% with name="course", what="course", several="courses", condition=named.course("x", by, "r.`" ~ value ~ "`") %}
{% include "shared/find.sql" %}
{% endwith %}
