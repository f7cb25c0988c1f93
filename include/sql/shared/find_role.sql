{% with name="role", what="role", several="roles", among="TRUE" %}{% include "shared/find.sql" %}{% endwith %}
