-- Reasons why a bundle can't be put back. A course comes back whole or not at all.
{% from "courses_restore/tables.sql" import tables, replaceable, volatile with context %}
{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import once, in_place, changed_hands with context %}
{% import "shared/identify.sql" as named with context %}
-- The first reason of each line.
CREATE TEMPORARY TABLE toolsync_refusal (line INT UNSIGNED NOT NULL PRIMARY KEY, message TEXT NOT NULL);

-- when: toolsync_back_course
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line, CONCAT('its category (id ', b.category, ') is gone')
  FROM toolsync_back_course b
  LEFT JOIN {course_categories} k ON k.id = b.category
 WHERE k.id IS NULL;

-- when: toolsync_back_course
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line, CONCAT('another course (id ', c.id, ') has the short name ', c.shortname, ' now: rename that first'{{ ", IF(c.deletioninprogress <> 0, ', or wait: it is being deleted', '')" if named.may_go }})
  FROM toolsync_back_course b
  JOIN {course} c ON c.shortname = b.shortname;

-- when: toolsync_back_course
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line, CONCAT('another course (', c.shortname, ', id ', c.id, ') has the idnumber ', c.idnumber, ' now')
  FROM toolsync_back_course b
  JOIN {course} c ON c.idnumber = b.idnumber
 WHERE b.idnumber <> '';

{% for name in ["groups", "groupings"] %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line, CONCAT('another {{ name[:-1] }} of the course (', MIN(t.name), ', id ', MIN(t.id), ') has the idnumber ', MIN(t.idnumber), ' now')
  FROM toolsync_back_{{ name }} b
  JOIN toolsync_row r ON r.line = b.toolsync_line AND r.kind <> 'courses'
  JOIN {{ table(name) }} t ON t.courseid = b.courseid AND t.idnumber = b.idnumber AND t.id <> b.id
  LEFT JOIN toolsync_unmake_{{ name }} m ON m.id = t.id
 WHERE b.idnumber <> '' AND m.id IS NULL
 GROUP BY b.toolsync_line;
{% endfor %}
{% for name in tables if site_has(name) %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line, CONCAT(COUNT(*), ' ids of table {{ name }} are taken, the first is ', MIN(t.id))
  FROM toolsync_back_{{ name }} b
  JOIN {{ table(name) }} t ON t.id = b.id
 GROUP BY b.toolsync_line;
{% for columns in unique_keys(name) + (once.get(name, []) if name not in ("course", "groups", "groupings") else []) if replaceable(name) != "TRUE" %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line,
       CONCAT(COUNT(*), ' rows of table {{ name }} that were created since stand in the place of rows to put back ({{ columns | join(", ") }}), the first has id ', MIN(t.id), ' (Param overwrite_changes deletes them)')
  FROM toolsync_back_{{ name }} b
  {{ in_place(name, columns) }}
  LEFT JOIN toolsync_unmake_{{ name }} m ON m.id = t.id
 WHERE m.id IS NULL AND NOT ({{ replaceable(name) }})
 GROUP BY b.toolsync_line;
{% endfor %}

-- when: toolsync_became_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line,
       CONCAT(COUNT(*), ' rows of table {{ name }} that were changed are gone, the first had id ', MIN(b.id), ': put back what was deleted since first')
  FROM toolsync_became_{{ name }} b
  LEFT JOIN {{ table(name) }} t ON t.id = b.id
 WHERE t.id IS NULL
 GROUP BY b.toolsync_line;
{% if not option.overwrite_changes %}

-- when: toolsync_became_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT b.toolsync_line,
       CONCAT(COUNT(*), ' rows of table {{ name }} were changed again since, the first has id ', MIN(b.id), ' (Param overwrite_changes puts them back all the same)')
  FROM toolsync_became_{{ name }} b
  JOIN toolsync_was_{{ name }} w ON w.toolsync_line = b.toolsync_line AND w.id = b.id
  JOIN {{ table(name) }} t ON t.id = b.id
 WHERE {% for column in columns_of(name) if column not in volatile %}{{ "" if loop.first else "\n    OR " }}NOT (w.`{{ column }}` <=> b.`{{ column }}` OR t.`{{ column }}` <=> b.`{{ column }}` OR t.`{{ column }}` <=> w.`{{ column }}`){% endfor %}

 GROUP BY b.toolsync_line;
{% if name in ("grade_categories", "grade_items", "grade_grades") %}

-- What a reset sent to the gradebook anew.
-- when: toolsync_unmake_{{ name }}
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT m.toolsync_line,
       CONCAT(COUNT(*), ' rows of table {{ name }} that the reset had created were changed since, the first has id ', MIN(m.id), ' (Param overwrite_changes deletes them all the same)')
  FROM toolsync_unmake_{{ name }} m
  JOIN {{ table(name) }} t ON t.id = m.id
 WHERE {{ changed_hands(name, columns_of(name)) }}
 GROUP BY m.toolsync_line;
{% endif %}
{% if name == "grade_items" %}

-- when: toolsync_unmake_grade_items
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT m.toolsync_line,
       CONCAT(COUNT(*), ' rows of table grade_grades were created in the new grade items since, the first has id ', MIN(t.id), ' (Param overwrite_changes deletes them)')
  FROM toolsync_unmake_grade_items m
  JOIN toolsync_row r ON r.line = m.toolsync_line AND r.kind = 'courses_reset'
  JOIN {grade_grades} t ON t.itemid = m.id
  LEFT JOIN toolsync_unmake_grade_grades k ON k.id = t.id
 WHERE k.id IS NULL AND NOT {{ computed("t") }}
 GROUP BY m.toolsync_line;
{% endif %}
{% endif %}
{% endfor %}

UPDATE toolsync_row r
  JOIN toolsync_refusal f ON f.line = r.line
   SET r.status = 'failed', r.message = f.message
 WHERE r.status IS NULL;

-- The course from which it takes its people has to exist, or to come back with it. A link by which nobody is enrolled may have been broken before.
DELETE k FROM toolsync_bundle k JOIN toolsync_row r ON r.line = k.line WHERE r.status IS NOT NULL;

-- when: toolsync_back_enrol
-- when: toolsync_back_user_enrolments
INSERT IGNORE INTO toolsync_refusal (line, message)
SELECT DISTINCT b.toolsync_line, CONCAT('the course (id ', b.customint1, ') that it takes its people from is gone: put that back first')
  FROM toolsync_back_enrol b
  JOIN toolsync_back_user_enrolments ue ON ue.toolsync_line = b.toolsync_line AND ue.enrolid = b.id
  LEFT JOIN {course} c ON c.id = b.customint1
  LEFT JOIN toolsync_bundle k ON k.courseid = b.customint1
 WHERE b.enrol = 'meta' AND b.status = 0 AND c.id IS NULL AND k.line IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_refusal f ON f.line = r.line
   SET r.status = 'failed', r.message = f.message
 WHERE r.status IS NULL;
