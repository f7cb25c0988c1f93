{% include "shared/course/keep.sql" %}
