-- The grade items whose grades go: those of activities that are emptied, or all of a course.
{% from "courses_reset/terms.sql" import resets, possible with context %}
{% set regrade = resets.facts("regrade") %}

CREATE TEMPORARY TABLE toolsync_item_reset (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, whole TINYINT NOT NULL, KEY (courseid));
{% for node, of in regrade %}
{% for part, numbers in of.items() if part in possible %}

-- A locked item keeps its grades, unless all grades of the course are reset (below).
-- when: toolsync_of_grade_items
INSERT IGNORE INTO toolsync_item_reset (id, courseid, whole)
SELECT gi.id, p.courseid, 0
  FROM toolsync_asked a
  JOIN toolsync_of_grade_items p ON p.courseid = a.courseid
  JOIN {grade_items} gi ON gi.id = p.id AND gi.itemtype = 'mod' AND gi.itemmodule = '{{ node.name }}' AND gi.itemnumber IN ({{ numbers | join(", ") }}) AND gi.locked = 0
 WHERE a.name = '{{ part }}';
{% endfor %}
{% endfor %}
{% if given("grades") %}

-- when: toolsync_of_grade_items
INSERT INTO toolsync_item_reset (id, courseid, whole)
SELECT DISTINCT p.id, p.courseid, 1
  FROM toolsync_asked a
  JOIN toolsync_of_grade_items p ON p.courseid = a.courseid
 WHERE a.name IN ('gradebook_grades', 'gradebook_items')
    ON DUPLICATE KEY UPDATE whole = 1;
{% endif %}
