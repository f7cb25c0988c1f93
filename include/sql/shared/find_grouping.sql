{% with name="groupings", what="grouping of this course", several="groupings of this course", among="x.courseid = r.`" ~ course ~ "`" %}{% include "shared/find.sql" %}{% endwith %}
