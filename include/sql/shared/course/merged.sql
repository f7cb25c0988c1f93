{# What a course that existed before takes over from its template besides new rows. Included by copy.sql. #}
{# Existing rows that stand for a template's take over these columns where they differ; `condition` on the template's row: not in a gradebook that is kept. #}
{% macro take_over(name, columns, condition="") %}
{% set columns = columns | list %}

CREATE TEMPORARY TABLE toolsync_differing_{{ name }} (newid BIGINT NOT NULL PRIMARY KEY, oldid BIGINT NOT NULL, templateid BIGINT NOT NULL);

-- when: toolsync_merging
-- when: toolsync_tpl_{{ name }}
INSERT IGNORE INTO toolsync_differing_{{ name }} (newid, oldid, templateid)
SELECT m.newid, m.oldid, m.templateid
  FROM toolsync_copy_{{ name }} m
  JOIN toolsync_tpl_{{ name }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  JOIN {{ table(name) }} n ON n.id = m.newid
{% if condition %}
  LEFT JOIN toolsync_graded d ON d.courseid = m.courseid
{% endif %}
 WHERE m.seq < 0{{ " AND d.courseid IS NULL AND " ~ condition if condition }}
   AND NOT ({% for column in columns %}{{ " AND " if not loop.first }}BINARY n.{{ column }} <=> BINARY t.{{ column }}{% endfor %})
 ORDER BY m.newid, m.oldid;

-- when: toolsync_differing_{{ name }}
UPDATE toolsync_differing_{{ name }} m
  STRAIGHT_JOIN toolsync_tpl_{{ name }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  STRAIGHT_JOIN {{ table(name) }} n ON n.id = m.newid
   SET {% for column in columns %}{{ ", " if not loop.first }}n.{{ column }} = t.{{ column }}{% endfor %};
{%- endmacro %}
{# Older Moodles left restrictions of these sections alone, and hid none. #}
{% set all_of_it = moodle_since("5.1.6") %}
{% set adopted = ["name", "summary"] + (["availability"] if all_of_it else []) %}
-- Sections that existed take over name, summary and restrictions where theirs are empty.
CREATE TEMPORARY TABLE toolsync_adopted (place VARCHAR(100) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (place, id));
{% for column in adopted %}

-- when: toolsync_merging
-- when: toolsync_tpl_course_sections
INSERT INTO toolsync_adopted (place, id)
SELECT 'course_sections.{{ column }}', s.id
  FROM toolsync_copy_course_sections m
  JOIN toolsync_tpl_course_sections t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  JOIN {course_sections} s ON s.id = m.newid AND COALESCE(s.{{ column }}, '') = ''
 WHERE m.seq < 0 AND NOT ({{ "s.summaryformat = t.summaryformat AND " if column == "summary" }}s.{{ column }} <=> t.{{ column }});
{% endfor %}

-- when: toolsync_merging
-- when: toolsync_tpl_course_sections
INSERT INTO toolsync_adopted (place, id) SELECT 'course_sections.sequence', m.newid FROM toolsync_copy_course_sections m WHERE m.seq < 0;
{% for column in adopted %}

-- when: toolsync_adopted
UPDATE toolsync_copy_course_sections m
  STRAIGHT_JOIN toolsync_adopted a ON a.place = 'course_sections.{{ column }}' AND a.id = m.newid
  STRAIGHT_JOIN toolsync_tpl_course_sections t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  STRAIGHT_JOIN {course_sections} s ON s.id = m.newid
   SET s.{{ column }} = t.{{ column }}{{ ", s.summaryformat = t.summaryformat" if column == "summary" }}
 WHERE m.seq < 0;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_section_same (id BIGINT NOT NULL PRIMARY KEY, visible TINYINT NOT NULL, timemodified BIGINT NOT NULL);

-- when: toolsync_adopted
INSERT INTO toolsync_section_same (id, visible, timemodified)
SELECT d.id, d.visible, d.timemodified
  FROM (SELECT m.newid AS id, {{ "IF(t.visible = 0, 0, s.visible)" if all_of_it else "s.visible" }} AS visible, IF(COALESCE(t.sequence, '') = '', t.timemodified, @now) AS timemodified,
               s.visible AS formervisible, s.timemodified AS formertime
          FROM toolsync_copy_course_sections m
          JOIN toolsync_tpl_course_sections t ON t.id = m.oldid AND t.toolsync_course = m.templateid
          JOIN {course_sections} s ON s.id = m.newid
         WHERE m.seq < 0) d
 WHERE d.visible <> d.formervisible OR d.timemodified <> d.formertime;

UPDATE toolsync_section_same w
  STRAIGHT_JOIN {course_sections} s ON s.id = w.id
   SET s.visible = w.visible, s.timemodified = w.timemodified;
{% if site_has("course_sections", "component") %}

-- Sections that belong to an activity come after the others, new ones first.
CREATE TEMPORARY TABLE toolsync_section_place (id BIGINT NOT NULL PRIMARY KEY, section BIGINT NOT NULL);

-- when: toolsync_merging
INSERT INTO toolsync_section_place (id, section)
SELECT w.id, w.last + w.place
  FROM (SELECT s.id, s.section, s.component, MAX(IF(s.component IS NULL, s.section, 0)) OVER (PARTITION BY s.course) AS last,
               ROW_NUMBER() OVER (PARTITION BY s.course, s.component IS NULL ORDER BY s.section <= -1000000, -s.section) AS place
          FROM toolsync_merging g
          JOIN {course_sections} s ON s.course = g.courseid) w
 WHERE w.component IS NOT NULL AND w.section <> w.last + w.place;
{% for sign in ["-", ""] %}

UPDATE toolsync_section_place p STRAIGHT_JOIN {course_sections} s ON s.id = p.id SET s.section = {{ "-2000000 - p.section" if sign else "p.section" }};
{% endfor %}
{% endif %}

-- The gradebook's top category and total get the template's settings.
{% set fixed = ["id", "courseid", "parent", "path", "depth", "categoryid", "iteminstance", "scaleid", "outcomeid", "needsupdate"] %}
{% for name in ["grade_categories", "grade_items"] %}
{{ take_over(name, columns_of(name) | reject("in", fixed), "t.parent IS NULL" if name == "grade_categories" else "t.itemtype = 'course'") }}
{% endfor %}

CREATE TEMPORARY TABLE toolsync_item_stale (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_merging
INSERT INTO toolsync_item_stale (id)
SELECT n.id FROM toolsync_merging g JOIN {grade_items} n ON n.courseid = g.courseid AND n.itemtype = 'course' AND n.needsupdate <> 1;

-- when: toolsync_merging
-- when: toolsync_tpl_grade_items
INSERT IGNORE INTO toolsync_item_stale (id)
SELECT n.id FROM toolsync_copy_grade_items m JOIN {grade_items} n ON n.id = m.newid AND n.needsupdate <> 1 WHERE m.seq < 0;

UPDATE toolsync_item_stale w STRAIGHT_JOIN {grade_items} n ON n.id = w.id SET n.needsupdate = 1;

-- Settings that a course can have only once: take the template's.
{% set defaults = columns_of("course_completion_defaults") | reject("in", ["id", "course", "module"]) | list %}
{% for name, columns in [("course_completion_defaults", defaults), ("filter_active", ["active"]), ("filter_config", ["value"])] %}
{{ take_over(name, columns) }}
{% endfor %}
