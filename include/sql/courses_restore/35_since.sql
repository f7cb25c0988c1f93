-- A course whose content was replaced loses all the new content again. If people have changed it since, the line fails.
{% from "courses_restore/tables.sql" import replaceable, harmless with context %}
{% set parts = course_graph().replaceable %}
CREATE TEMPORARY TABLE toolsync_of_course (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_of_course (id, courseid)
SELECT r.courseid, r.courseid FROM toolsync_row r WHERE r.status IS NULL AND r.kind = 'courses';

{% with when_any="toolsync_of_course" %}{% include "shared/course/collect.sql" %}{% endwith %}

{% include "shared/course/lent.sql" %}
{% macro made_since(name, rows, condition) %}

-- when: {{ rows }}
UPDATE toolsync_row r
  JOIN (SELECT p.courseid, MIN(t.id) AS id, COUNT(*) AS counted
          FROM {{ rows }} p
          JOIN {{ table(name) }} t ON t.id = p.id
         WHERE {{ condition }}
         GROUP BY p.courseid) k ON k.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT(k.counted, ' rows of table {{ name }} were created in the new content since, the first has id ', k.id, ' (Param overwrite_changes deletes them)')
 WHERE r.status IS NULL AND r.kind = 'courses';
{% endmacro %}
{% for node in parts.root_to_leaf if node.remains != "TRUE" and node.name != "user_lastaccess" %}

-- when: toolsync_of_course
CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_unmake_{{ node.name }} (toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (id));
{% if not option.overwrite_changes and not node.people and site_has(node.name, "timemodified") and node.name not in ["grade_categories", "grade_items"] %}

-- when: {{ node.part }}
UPDATE toolsync_row r
  JOIN (SELECT m.toolsync_line AS line, MAX(t.timemodified) AS timemodified, MIN(t.id) AS id
          FROM toolsync_unmake_{{ node.name }} m
          JOIN {{ table(node.name) }} t ON t.id = m.id
         GROUP BY m.toolsync_line) k ON k.line = r.line
   SET r.status = 'failed', r.message = CONCAT('the new content was changed since (table {{ node.name }}, id ', k.id, '; Param overwrite_changes deletes it all the same)')
 WHERE r.status IS NULL AND r.kind = 'courses' AND k.timemodified > r.made;
{% endif %}

-- when: {{ node.part }}
DELETE p FROM {{ node.part }} p JOIN toolsync_unmake_{{ node.name }} m ON m.id = p.id;
{% if node.remains %}

-- when: {{ node.part }}
DELETE p FROM {{ node.part }} p JOIN {{ table(node.name) }} t ON t.id = p.id WHERE {{ node.remains }};
{% endif %}
{% if node.name not in harmless and replaceable(node.name) != "TRUE" %}
{{ made_since(node.name, node.part, "NOT (" ~ replaceable(node.name) ~ ")") }}
{% endif %}
{% endfor %}
{% for name, column, parent in [("badge_issued", "badgeid", "badge"), ("badge_manual_award", "badgeid", "badge"), ("badge_criteria_met", "critid", "badge_criteria")] %}

-- Badges of the new content that people have earned.
-- when: toolsync_of_course
CREATE TEMPORARY TABLE toolsync_of_{{ name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_of_course
CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_unmake_{{ name }} (toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (id));

-- when: toolsync_of_{{ parent }}
INSERT INTO toolsync_of_{{ name }} (id, courseid)
SELECT t.id, p.courseid FROM toolsync_of_{{ parent }} p JOIN toolsync_unmake_{{ parent }} m ON m.id = p.id JOIN {{ table(name) }} t ON t.{{ column }} = p.id;
{% if not option.overwrite_changes %}
{{ made_since(name, "toolsync_of_" ~ name, "TRUE") }}
{% endif %}
{% endfor %}
{% for name in parts.root_to_leaf | rejectattr("remains", "equalto", "TRUE") | map(attribute="name") | reject("equalto", "user_lastaccess") | list
            + ["badge_issued", "badge_manual_award", "badge_criteria_met"] %}

-- when: toolsync_of_{{ name }}
INSERT IGNORE INTO toolsync_unmake_{{ name }} (toolsync_line, id)
SELECT r.line, p.id FROM toolsync_of_{{ name }} p JOIN toolsync_row r ON r.courseid = p.courseid WHERE r.status IS NULL AND r.kind = 'courses';
{% endfor %}
