{% import "shared/identify.sql" as named with context %}
{% with name="user", what="account", several="accounts", condition=named.user("x", by, "r.`" ~ value ~ "`") %}
{% include "shared/find.sql" %}
{% endwith %}
