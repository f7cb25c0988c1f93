{% include "shared/course/badges.sql" %}
