{% with name="groups", what="group of this course", several="groups of this course", among="x.courseid = r.`" ~ course ~ "`" %}{% include "shared/find.sql" %}{% endwith %}
