{# The courses of the scope: toolsync_scope_course. Params scope, scope_category and category_id_field, toolsync_place: the courses that the file names. #}
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_scope_course (courseid BIGINT NOT NULL PRIMARY KEY);

{% if option.scope == "category" %}
{% include "shared/scope_category.sql" %}

INSERT INTO toolsync_scope_course (courseid)
SELECT c.id
  FROM toolsync_inside i
  JOIN {course} c ON c.category = i.categoryid
 WHERE {{ named.is_course("c") }};
{% else %}
INSERT INTO toolsync_scope_course (courseid)
SELECT p.id FROM toolsync_place p;
{% endif %}
