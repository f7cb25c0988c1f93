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
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT r.line, CONCAT(COUNT(*), ' rows of table {{ name }} were created in the new content since, the first has id ', MIN(t.id), ' (Param overwrite_changes deletes them)')
  FROM {{ rows }} p
  JOIN toolsync_row r ON r.courseid = p.courseid AND r.status IS NULL AND r.kind = 'courses'
  JOIN {{ table(name) }} t ON t.id = p.id
 WHERE {{ condition }}
 GROUP BY r.line;
{% endmacro %}
CREATE TEMPORARY TABLE toolsync_remaining (id BIGINT NOT NULL PRIMARY KEY);
{% for node in parts.root_to_leaf if node.remains != "TRUE" and node.name != "user_lastaccess" %}

-- when: toolsync_of_course
CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_unmake_{{ node.name }} (toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, hash CHAR(16) NULL, PRIMARY KEY (id));
{% if not option.overwrite_changes and not node.people and site_has(node.name, "timemodified") and node.name not in ["grade_categories", "grade_items"] %}

-- when: {{ node.part }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT r.line, CONCAT('the new content was changed since (table {{ node.name }}, id ', MIN(t.id), '; Param overwrite_changes deletes it all the same)')
  FROM toolsync_unmake_{{ node.name }} m
  JOIN toolsync_row r ON r.line = m.toolsync_line AND r.status IS NULL AND r.kind = 'courses'
  JOIN {{ table(node.name) }} t ON t.id = m.id
 WHERE t.timemodified > r.made
 GROUP BY r.line;
{% endif %}

-- when: {{ node.part }}
DELETE p FROM {{ node.part }} p JOIN toolsync_unmake_{{ node.name }} m ON m.id = p.id;
{% if node.remains %}

-- when: toolsync_remaining
DELETE FROM toolsync_remaining;

-- when: {{ node.part }}
INSERT INTO toolsync_remaining (id) SELECT t.id FROM {{ node.part }} p JOIN {{ table(node.name) }} t ON t.id = p.id WHERE {{ node.remains }};

-- when: toolsync_remaining
DELETE p FROM {{ node.part }} p JOIN toolsync_remaining t ON t.id = p.id;
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
CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_unmake_{{ name }} (toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, hash CHAR(16) NULL, PRIMARY KEY (id));

-- when: toolsync_of_{{ parent }}
INSERT INTO toolsync_of_{{ name }} (id, courseid)
SELECT t.id, p.courseid FROM toolsync_of_{{ parent }} p JOIN toolsync_unmake_{{ parent }} m ON m.id = p.id JOIN {{ table(name) }} t ON t.{{ column }} = p.id;
{% if not option.overwrite_changes %}
{{ made_since(name, "toolsync_of_" ~ name, "TRUE") }}
{% endif %}
{% endfor %}

UPDATE toolsync_row r
  JOIN toolsync_refusal f ON f.line = r.line
   SET r.status = 'failed', r.message = f.message
 WHERE r.status IS NULL;
{% for name in parts.root_to_leaf | rejectattr("remains", "equalto", "TRUE") | map(attribute="name") | reject("equalto", "user_lastaccess") | list
            + ["badge_issued", "badge_manual_award", "badge_criteria_met"] %}

-- when: toolsync_of_{{ name }}
INSERT IGNORE INTO toolsync_unmake_{{ name }} (toolsync_line, id)
SELECT r.line, p.id FROM toolsync_of_{{ name }} p JOIN toolsync_row r ON r.courseid = p.courseid WHERE r.status IS NULL AND r.kind = 'courses';
{% endfor %}
