{% import "shared/identify.sql" as named with context %}
{% with name="groupings", what="grouping of this course", several="groupings of this course", condition=named.group("x", by, "r.`" ~ value ~ "`", "r.`" ~ course ~ "`") %}
{% include "shared/find.sql" %}
{% endwith %}
