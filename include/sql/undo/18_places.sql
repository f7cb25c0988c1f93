{# What a template has replaced takes its place in the course again: sections by their numbers, and the category of all grades. The new ones go, whatever stays of
   what is in them: `25_whole.sql` moves that to the old ones. Where somebody changed a new one, it stays, and the old one stays away. #}
{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import leave_out with context %}
{% macro unchanged(name, alias, site) -%}
{% if not option.overwrite_changes %} AND COALESCE({{ alias }}.hash = {{ hash_of(undone[name].hashed, site) }}, 1){% endif %}
{%- endmacro %}
{% macro replaced(name) %}{{ "yes" if name in undone and undone[name].made and undone[name].deleted }}{% endmacro %}
-- New rows, each with the old one that comes back in its place.
{% for name in ["course_sections", "grade_categories", "grade_items"] %}
CREATE TEMPORARY TABLE toolsync_place_{{ name }} (id BIGINT NOT NULL PRIMARY KEY, home BIGINT NOT NULL);
{% endfor %}
CREATE TEMPORARY TABLE toolsync_place_was (courseid BIGINT NOT NULL, number BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (courseid, number));

-- Modules that are moved.
CREATE TEMPORARY TABLE toolsync_module_moved (id BIGINT NOT NULL PRIMARY KEY, home BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_item_moved (id BIGINT NOT NULL PRIMARY KEY, home BIGINT NOT NULL);
{% if replaced("course_sections") %}

INSERT IGNORE INTO toolsync_place_was (courseid, number, id)
SELECT b.course, b.section, b.id FROM toolsync_back_course_sections b;

INSERT INTO toolsync_place_course_sections (id, home)
SELECT m.id, w.id
  FROM toolsync_unmake_course_sections m
  STRAIGHT_JOIN {course_sections} t ON t.id = m.id
  STRAIGHT_JOIN toolsync_place_was w ON w.courseid = t.course AND w.number = t.section
 WHERE TRUE{{ unchanged("course_sections", "m", "t") }};

DELETE FROM toolsync_place_was;
{% endif %}
{% if replaced("grade_categories") and replaced("grade_items") %}

INSERT IGNORE INTO toolsync_place_was (courseid, number, id)
SELECT b.courseid, 1, b.id FROM toolsync_back_grade_categories b WHERE b.depth = 1;

-- With its item, unless somebody graded people in that.
INSERT INTO toolsync_place_grade_items (id, home)
SELECT mi.id, w.id
  FROM toolsync_unmake_grade_categories m
  STRAIGHT_JOIN {grade_categories} t ON t.id = m.id AND t.depth = 1
  STRAIGHT_JOIN toolsync_place_was w ON w.courseid = t.courseid AND w.number = 1
  STRAIGHT_JOIN {grade_items} i {{ by_index("grade_items", "courseid") }} ON i.courseid = t.courseid AND i.itemtype = 'course' AND i.iteminstance = t.id
  STRAIGHT_JOIN toolsync_unmake_grade_items mi ON mi.id = i.id
 WHERE NOT EXISTS (SELECT 1 FROM {grade_grades} g WHERE g.itemid = i.id AND NOT {{ computed("g") }}){{ unchanged("grade_categories", "m", "t") }}{{ unchanged("grade_items", "mi", "i") }};

INSERT INTO toolsync_place_grade_categories (id, home)
SELECT i.iteminstance, p.home FROM toolsync_place_grade_items p STRAIGHT_JOIN {grade_items} i ON i.id = p.id;
{% endif %}
{% for name in ["course_sections", "grade_categories", "grade_items"] if replaced(name) %}

CREATE TEMPORARY TABLE toolsync_aside_{{ name }} (
    toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, hash CHAR(16) NULL{% for column in undone[name].refers %}, `{{ column }}` BIGINT NULL{% endfor %}, PRIMARY KEY (id)
);

INSERT INTO toolsync_aside_{{ name }}
SELECT m.* FROM toolsync_place_{{ name }} p STRAIGHT_JOIN toolsync_unmake_{{ name }} m ON m.id = p.id;
{{ leave_out("SELECT p.id FROM toolsync_place_" ~ name ~ " p", ["toolsync_unmake_" ~ name]) }}
{% endfor %}
