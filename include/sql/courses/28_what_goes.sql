-- Existing courses whose content is replaced with a template's: collect what goes, refuse courses, make the plan.
{% from "courses/terms.sql" import replaces with context %}
{% if replaces %}
{% set parts = course_graph().replaceable %}
{% set again = true %}
DROP TEMPORARY TABLE IF EXISTS toolsync_of_course;
CREATE TEMPORARY TABLE toolsync_of_course (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_of_course (id, courseid)
SELECT t.id, t.id FROM toolsync_course t WHERE NOT t.isnew AND t.templateid IS NOT NULL;

{% include "shared/course/collect.sql" %}

{% include "shared/course/refuse.sql" %}

{% include "courses/drop_failed.sql" %}

{% include "shared/course/spared.sql" %}

{% with these="toolsync_kept_course" %}
{% include "shared/course/plan.sql" %}

{% include "shared/course/keep.sql" %}
{% endwith %}
{% endif %}
