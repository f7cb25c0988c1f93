{# What Moodle itself would draw from rows that are back, changed back or gone. What the bundle has put back is as it was, so nothing is written for it; this is for
   what came to the site since: new meta links and cohort methods, other categories, new modules. `undone` names the tables of the bundle. #}
{# By table of the site, the work table with its rows: that are back, that have old values again, that are gone. What could not be put back is not on the site, or not
   as in `was`: the statements look. #}
{% set back, was, unmade = {}, {}, {} %}
{% for name, what in undone.items() %}
{% if what.deleted %}{% set _ = back.update({name: "toolsync_back_" ~ name}) %}{% endif %}
{% if what.changed %}{% set _ = was.update({name: "toolsync_was_" ~ name}) %}{% endif %}
{% if what.made %}{% set _ = unmade.update({name: "toolsync_unmake_" ~ name}) %}{% endif %}
{% endfor %}
{% set grades_stay, settled = true, "toolsync_settled" %}
-- @undone_line: the line to which notes belong; NULL: there is nothing to do
SET @undone_line = (SELECT MIN(r.line) FROM toolsync_row r WHERE r.status IS NULL);

{% include "shared/people_tables.sql" %}

CREATE TEMPORARY TABLE toolsync_grades_left (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));
{% include "undo/courses.sql" %}
{% include "undo/people.sql" %}
{% include "undo/settled.sql" %}
{% include "undo/groups.sql" %}
{% include "undo/stale.sql" %}
{% if back.get("quiz_attempts") or back.get("lesson_grades") or back.get("h5pactivity_attempts") %}

{% include "undo/attempts.sql" %}
{% endif %}

{% include "shared/people.sql" %}

INSERT INTO toolsync_note (line, message)
SELECT @undone_line, CONCAT('course ', c.shortname, ': the grades of ', COUNT(DISTINCT g.userid), ' people who are no longer enrolled there stay')
  FROM toolsync_grades_left g
  JOIN {course} c ON c.id = g.courseid
 GROUP BY c.id, c.shortname
 ORDER BY c.id;
