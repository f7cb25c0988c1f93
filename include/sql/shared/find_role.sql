{% import "shared/identify.sql" as named with context %}
{% with name="role", what="role", several="roles", condition=named.role("x", by, "r.`" ~ value ~ "`") %}
{% include "shared/find.sql" %}
{% endwith %}
