{% import "shared/identify.sql" as named with context %}
{% with name="groups", what="group of this course", several="groups of this course", condition=named.group("x", by, "r.`" ~ value ~ "`", "r.`" ~ course ~ "`") %}
{% include "shared/find.sql" %}
{% endwith %}
