{# Categories, contexts and sections around what is back or gone. #}
-- The courses that are back, gone or changed, and those whose sections or modules are.
CREATE TEMPORARY TABLE toolsync_course_met (id BIGINT NOT NULL PRIMARY KEY);
{% set places = [] %}
{% for name in undone if name == "course" or site_has(name, "course") or name == "course_format_options" %}
{% set column = "id" if name == "course" else "courseid" if name == "course_format_options" else "course" %}
{% for side in [back.get(name), was.get(name)] | select %}

INSERT IGNORE INTO toolsync_course_met (id)
SELECT DISTINCT t.{{ column }} FROM {{ side }} b JOIN {{ table(name) }} t ON t.id = b.id;
{% endfor %}
{% for side in [unmade.get(name)] | select if name != "course" and column in undone[name].refers %}

INSERT IGNORE INTO toolsync_course_met (id)
SELECT DISTINCT b.{{ column }} FROM {{ side }} b WHERE b.{{ column }} IS NOT NULL;
{% endfor %}
{% endfor %}
{% if not rehearsal %}
{% include "undo/tree.sql" %}
{% endif %}
{% include "undo/sections.sql" %}

-- Sessions read a course's modules and sections again.
CREATE TEMPORARY TABLE toolsync_course_read (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_course_read (id)
SELECT c.id FROM toolsync_course_met m JOIN {course} c ON c.id = m.id;

UPDATE toolsync_course_read r
  STRAIGHT_JOIN {course} c ON c.id = r.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path FROM toolsync_course_read r JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = r.id WHERE x.path IS NOT NULL;
