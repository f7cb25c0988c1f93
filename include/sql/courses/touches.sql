-- The course of each line, the names that it takes or gives up, and what else it shares with other lines. course_runs cuts the lines into runs.
{% import "shared/identify.sql" as named with context %}
{% set key = option.course_id_field %}

CREATE TEMPORARY TABLE toolsync_name (line INT UNSIGNED NOT NULL, role VARCHAR(10) NOT NULL, thing VARCHAR(700) NOT NULL, mode VARCHAR(60) NOT NULL DEFAULT '');

{% for column in ["shortname", "rename", "idnumber", "id"] if given(column) %}
INSERT INTO toolsync_name (line, role, thing)
SELECT r.line, '{{ "course" if column == key or column == "rename" and key == "shortname" else "name" }}', CONCAT('{{ "shortname" if column == "rename" else column }} ', r.{{ column }})
  FROM toolsync_row r
 WHERE {{ "r.id IS NOT NULL" if column == "id" else "r." ~ column ~ " <> ''" }};

{% endfor %}
{% if option.force_update %}
-- The names that courses have now: another line may take them.
{% for column in ["shortname", "idnumber"] if column != key and (given(column) or column == "shortname" and given("rename")) %}
INSERT INTO toolsync_name (line, role, thing)
SELECT r.line, 'name', CONCAT('{{ column }} ', c.{{ column }})
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key) }} ON c.{{ key }} = r.{{ key }} AND c.category <> 0
 WHERE {{ "TRUE" if key == "id" else "r." ~ key ~ " <> ''" }} AND c.{{ column }} <> '';

{% endfor %}
{% endif %}
{% for column in ["category", "category_path"] if given(column) and (column == "category_path" or option.category_id_field == "path") %}
-- A slash without spaces separates names only while no category has it in its name, so lines that may create such a category matter to others.
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('category ', LEFT(REPLACE(SUBSTRING_INDEX(r.{{ column }}, ' / ', 1), '\\/', '/'), 600)),
       IF(r.{{ column }} LIKE '% / %' OR INSTR(r.{{ column }}, '\\/') > 0, 'make', 'find')
  FROM toolsync_row r
 WHERE SUBSTRING_INDEX(r.{{ column }}, ' / ', 1) LIKE '%/%';

-- Digits alone are no name of a new category, except in a path.
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('category ', r.{{ column }}), '{{ "find" if column == "category" else "make" }}'
  FROM toolsync_row r
 WHERE r.{{ column }} REGEXP '^[0-9]+$';

INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('category ', REGEXP_SUBSTR(r.{{ column }}, '[0-9]+')), 'make'
  FROM toolsync_row r
 WHERE r.{{ column }} REGEXP '^[/[:space:]]*[0-9]+[[:space:]]*/';

{% endfor %}
{% if given_any("enrolment_#_metacoursename") %}
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT c.line, 'thing', CONCAT('shortname ', c.value), 'use'
  FROM toolsync_cell c
 WHERE c.family = 'enrolment_#_metacoursename' AND c.value <> '';

{% endif %}
{% if option.force_update and given(key) and (given_any("enrolment_#") or given_any("teacher#_account")) %}
{% include "shared/meta_links.sql" %}

-- A course, and those that follow it by meta link: what a person keeps there depends on which comes first, joining or leaving.
{% for course in ["masterid", "courseid"] %}
-- when: toolsync_follows
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('follower ', f.courseid), IF(MAX(k.yesno = 1 AND k.family IN ('enrolment_#_delete', 'enrolment_#_disable')), '', 'joins')
  FROM toolsync_row r
  STRAIGHT_JOIN toolsync_cell k ON k.line = r.line AND (k.family LIKE 'enrolment\_#%' OR k.family = 'teacher#_account')
  STRAIGHT_JOIN {course} c {{ named.index("course", key) }} ON c.{{ key }} = r.{{ key }} AND c.category <> 0
  STRAIGHT_JOIN toolsync_follows f ON f.{{ course }} = c.id
 WHERE {{ "TRUE" if key == "id" else "r." ~ key ~ " <> ''" }} AND k.value <> ''
 GROUP BY r.line, f.courseid;

{% endfor %}
{% endif %}
{% if given("template") %}
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('shortname ', LEFT(r.template, 255)), 'use' FROM toolsync_row r WHERE r.template <> '';

{% endif %}
{% if given_any("customfield_*") %}
INSERT INTO toolsync_name (line, role, thing)
SELECT c.line, 'name', CONCAT('field ', f.id, ' ', LEFT(c.value, 255))
  FROM toolsync_cell c
  JOIN {customfield_field} f ON f.shortname = c.name AND JSON_UNQUOTE(JSON_EXTRACT(f.configdata, '$.uniquevalues')) = '1'
 WHERE c.family = 'customfield_*' AND c.value <> '';

{% if option.force_update and given(key) %}
INSERT INTO toolsync_name (line, role, thing)
SELECT r.line, 'name', CONCAT('field ', f.id, ' ', LEFT(d.value, 255))
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key) }} ON c.{{ key }} = r.{{ key }}
  JOIN {customfield_field} f ON JSON_UNQUOTE(JSON_EXTRACT(f.configdata, '$.uniquevalues')) = '1'
  JOIN {customfield_data} d ON d.instanceid = c.id AND d.fieldid = f.id
 WHERE {{ "TRUE" if key == "id" else "r." ~ key ~ " <> ''" }} AND d.value <> '';

{% endif %}
{% endif %}
{% if given("tags") %}
{% with column="tags" %}{% include "shared/tags_given.sql" %}{% endwith %}

INSERT INTO toolsync_name (line, role, thing, mode)
SELECT g.line, 'thing', CONCAT('tag ', g.name), 'make' FROM toolsync_tag g;

{% if option.force_update %}
-- A tag is deleted with its last use.
INSERT INTO toolsync_name (line, role, thing, mode)
SELECT r.line, 'thing', CONCAT('tag ', k.name), 'gone'
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key) }} ON c.{{ key }} = r.{{ key }}
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = c.id
  JOIN {tag} k ON k.id = ti.tagid
  LEFT JOIN toolsync_tag g ON g.line = r.line AND g.name = k.name
 WHERE {{ "TRUE" if key == "id" else "r." ~ key ~ " <> ''" }} AND g.line IS NULL;

{% endif %}
{% endif %}
-- python: course_runs INTO toolsync_touch
SELECT n.line, n.role, DENSE_RANK() OVER (ORDER BY n.thing), n.mode
  FROM toolsync_name n
 ORDER BY n.line;
