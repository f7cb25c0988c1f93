{# What a course that existed before takes over from its template besides new rows. Included by copy.sql. #}
-- Sections that existed take over name, summary and restrictions where theirs are empty.
CREATE TEMPORARY TABLE toolsync_adopted (place VARCHAR(100) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (place, id));
{% for column in ["name", "summary", "availability"] %}

-- when: toolsync_merging
-- when: toolsync_tpl_course_sections
INSERT INTO toolsync_adopted (place, id)
SELECT 'course_sections.{{ column }}', s.id
  FROM toolsync_copy_course_sections m
  JOIN {course_sections} s ON s.id = m.newid AND COALESCE(s.{{ column }}, '') = ''
 WHERE m.seq < 0;
{% endfor %}

-- when: toolsync_merging
-- when: toolsync_tpl_course_sections
INSERT INTO toolsync_adopted (place, id) SELECT 'course_sections.sequence', m.newid FROM toolsync_copy_course_sections m WHERE m.seq < 0;
{% for column in ["name", "summary", "availability"] %}

-- when: toolsync_adopted
UPDATE {course_sections} s
  JOIN toolsync_adopted a ON a.place = 'course_sections.{{ column }}' AND a.id = s.id
  JOIN toolsync_copy_course_sections m ON m.newid = s.id AND m.seq < 0
  JOIN toolsync_tpl_course_sections t ON t.id = m.oldid AND t.toolsync_course = m.templateid
   SET s.{{ column }} = t.{{ column }}{{ ", s.summaryformat = t.summaryformat" if column == "summary" }};
{% endfor %}

-- when: toolsync_adopted
UPDATE {course_sections} s
  JOIN toolsync_copy_course_sections m ON m.newid = s.id AND m.seq < 0
  JOIN toolsync_tpl_course_sections t ON t.id = m.oldid AND t.toolsync_course = m.templateid
   SET s.visible = IF(t.visible = 0, 0, s.visible), s.timemodified = IF(COALESCE(t.sequence, '') = '', t.timemodified, @now);
{% if site_has("course_sections", "component") %}

-- Sections that belong to an activity come after the others, new ones first.
CREATE TEMPORARY TABLE toolsync_section_place (id BIGINT NOT NULL PRIMARY KEY, section BIGINT NOT NULL);

-- when: toolsync_merging
INSERT INTO toolsync_section_place (id, section)
SELECT w.id, w.last + w.place
  FROM (SELECT s.id, s.component, MAX(IF(s.component IS NULL, s.section, 0)) OVER (PARTITION BY s.course) AS last,
               ROW_NUMBER() OVER (PARTITION BY s.course, s.component IS NULL ORDER BY s.section <= -1000000, -s.section) AS place
          FROM toolsync_merging g
          JOIN {course_sections} s ON s.course = g.courseid) w
 WHERE w.component IS NOT NULL;
{% for sign in ["-", ""] %}

-- when: toolsync_section_place
UPDATE {course_sections} s JOIN toolsync_section_place p ON p.id = s.id SET s.section = {{ "-2000000 - p.section" if sign else "p.section" }} WHERE s.section <> p.section;
{% endfor %}
{% endif %}

-- The gradebook's top category and total get the template's settings.
{% set fixed = ["id", "courseid", "parent", "path", "depth", "categoryid", "iteminstance", "scaleid", "outcomeid", "needsupdate"] %}
{% for name in ["grade_categories", "grade_items"] %}

-- when: toolsync_merging
-- when: toolsync_tpl_{{ name }}
UPDATE {{ table(name) }} n
  JOIN toolsync_copy_{{ name }} m ON m.newid = n.id AND m.seq < 0
  JOIN toolsync_tpl_{{ name }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  LEFT JOIN toolsync_graded d ON d.courseid = m.courseid
   SET {% for column in columns_of(name) if column not in fixed %}{{ ", " if not loop.first }}n.{{ column }} = t.{{ column }}{% endfor %}
 WHERE d.courseid IS NULL AND {{ "t.parent IS NULL" if name == "grade_categories" else "t.itemtype = 'course'" }};
{% endfor %}

-- when: toolsync_merging
UPDATE {grade_items} n JOIN toolsync_merging g ON g.courseid = n.courseid SET n.needsupdate = 1 WHERE n.itemtype = 'course';

-- when: toolsync_merging
-- when: toolsync_tpl_grade_items
UPDATE {grade_items} n JOIN toolsync_copy_grade_items m ON m.newid = n.id AND m.seq < 0 SET n.needsupdate = 1;

-- Settings that a course can have only once: take the template's.
{% set defaults = columns_of("course_completion_defaults") | reject("in", ["id", "course", "module"]) | list %}
{% for name, columns in [("course_completion_defaults", defaults), ("filter_active", ["active"]), ("filter_config", ["value"])] %}

-- when: toolsync_merging
-- when: toolsync_tpl_{{ name }}
UPDATE {{ table(name) }} n
  JOIN toolsync_copy_{{ name }} m ON m.newid = n.id AND m.seq < 0
  JOIN toolsync_tpl_{{ name }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
   SET {% for column in columns %}{{ ", " if not loop.first }}n.{{ column }} = t.{{ column }}{% endfor %};
{% endfor %}
