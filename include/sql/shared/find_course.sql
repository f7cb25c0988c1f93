{% with name="course", what="course", several="courses", among="x.category <> 0" %}{% include "shared/find.sql" %}{% endwith %}
