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
{% with more_columns="dates TEXT NULL" %}{% include "shared/course/plan.sql" %}{% endwith %}

{% include "shared/course/keep.sql" %}
{% endwith %}
{% endif %}
{% if given("template") %}

-- How far the dates of a copy move, for the report and the plan.
CREATE TEMPORARY TABLE toolsync_shift_told (line INT UNSIGNED NOT NULL PRIMARY KEY, told TEXT NOT NULL);

-- python: date_shifts INTO toolsync_shift_told
SELECT t.line, k.startdate, t.startdate
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN {course} k ON k.id = t.templateid
 WHERE (t.isnew OR r.startdate IS NOT NULL) AND t.startdate <> k.startdate;

INSERT INTO toolsync_note (line, field, message)
SELECT s.line, 'startdate', s.told FROM toolsync_shift_told s;
{% if replaces %}

UPDATE toolsync_plan p JOIN toolsync_shift_told s ON s.line = p.line SET p.dates = s.told;
{% endif %}
{% endif %}
