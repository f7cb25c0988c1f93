{% import "shared/identify.sql" as named with context %}
{% with name="user", what="account", several="accounts", among=named.is_user("x") %}{% include "shared/find.sql" %}{% endwith %}
