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

-- Several items of one grade, of old damage: Moodle does not know which one an activity means, and leaves them alone.
CREATE TEMPORARY TABLE toolsync_item_double (id BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL);

-- when: toolsync_of_grade_items
INSERT INTO toolsync_item_double (id, place)
SELECT n.id, n.place
  FROM (SELECT gi.id, ROW_NUMBER() OVER (PARTITION BY gi.courseid, gi.itemmodule, gi.iteminstance, gi.itemnumber ORDER BY gi.id) AS place,
               COUNT(*) OVER (PARTITION BY gi.courseid, gi.itemmodule, gi.iteminstance, gi.itemnumber) AS items
          FROM (SELECT DISTINCT a.courseid FROM toolsync_asked a) a
          JOIN toolsync_of_grade_items p ON p.courseid = a.courseid
          STRAIGHT_JOIN {grade_items} gi ON gi.id = p.id AND gi.itemtype = 'mod') n
 WHERE n.items > 1;

-- when: toolsync_item_double
DELETE s FROM toolsync_item_reset s JOIN toolsync_item_double d ON d.id = s.id;
{% if given("grades") %}

-- when: toolsync_of_grade_items
INSERT INTO toolsync_item_reset (id, courseid, whole)
SELECT DISTINCT p.id, p.courseid, 1
  FROM toolsync_asked a
  JOIN toolsync_of_grade_items p ON p.courseid = a.courseid
 WHERE a.name IN ('gradebook_grades', 'gradebook_items')
    ON DUPLICATE KEY UPDATE whole = 1;
{% endif %}
