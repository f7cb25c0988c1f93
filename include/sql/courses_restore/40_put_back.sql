-- Delete rows that were created, put deleted rows back with their ids, and give changed rows their old values.
{% from "courses_restore/tables.sql" import tables, replaceable with context %}
{% from "undo/terms.sql" import once, in_place with context %}
{# What goes with a row that stands in the place of one: rows x of a table, from the ids in w. #}
{% macro workshop_files(area, item) -%}
STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "instance") }} ON cm.instance = s.workshopid
  STRAIGHT_JOIN {modules} m ON m.id = cm.module AND m.name = 'workshop'
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 70 AND c.instanceid = cm.id
  STRAIGHT_JOIN {files} x {{ by_index("files", "component", "filearea", "contextid", "itemid") }} ON x.component = 'mod_workshop'
   AND x.filearea IN ('{{ area }}_content', '{{ area }}_attachment') AND x.contextid = c.id AND x.itemid = {{ item }}
{%- endmacro %}
{% set along = {} %}
{% if site_has("workshop_assessments") %}
{% set submission = "STRAIGHT_JOIN {workshop_submissions} s ON s.id = w.id" %}
{% set assessments = "STRAIGHT_JOIN {workshop_assessments} a " ~ by_index("workshop_assessments", "submissionid") ~ " ON a.submissionid = w.id" %}
{% set grades = "STRAIGHT_JOIN {workshop_grades} x " ~ by_index("workshop_grades", "assessmentid") ~ " ON x.assessmentid = " %}
{% set assessed = "STRAIGHT_JOIN {workshop_assessments} a ON a.id = w.id
  STRAIGHT_JOIN {workshop_submissions} s ON s.id = a.submissionid" %}
{% set _ = along.update({
    "workshop_submissions": [("files", submission ~ "\n  " ~ workshop_files("submission", "s.id")),
                             ("files", submission ~ "\n  " ~ assessments ~ "\n  " ~ workshop_files("overallfeedback", "a.id")),
                             ("workshop_grades", assessments ~ "\n  " ~ grades ~ "a.id"), ("workshop_assessments", assessments.replace(" a ", " x ").replace(" a.", " x."))],
    "workshop_assessments": [("files", assessed ~ "\n  " ~ workshop_files("overallfeedback", "a.id")), ("workshop_grades", grades ~ "w.id")],
}) %}
{% endif %}
{% if site_has("feedback_value") %}
{% set _ = along.update({"feedback_completed": [("feedback_value", "STRAIGHT_JOIN {feedback_value} x " ~ by_index("feedback_value", "completed") ~ " ON x.completed = w.id")]}) %}
{% endif %}
{% set _ = along.update({"grade_items": [("grade_grades", "STRAIGHT_JOIN {grade_grades} x " ~ by_index("grade_grades", "itemid") ~ " ON x.itemid = w.id")]}) %}
{% for gone in ["assignsubmission_onlinetext", "assignsubmission_file"] if site_has(gone) %}
{% set of_submission = (gone, "STRAIGHT_JOIN " ~ table(gone) ~ " x " ~ by_index(gone, "submission") ~ " ON x.submission = w.id") %}
{% set _ = along.update({"assign_submission": along.get("assign_submission", []) + [of_submission]}) %}
{% endfor %}
{% if site_has("scorm_scoes_value") %}
{% set _ = along.update({"scorm_attempt": [("scorm_scoes_value", "STRAIGHT_JOIN {scorm_scoes_value} x " ~ by_index("scorm_scoes_value", "attemptid") ~ " ON x.attemptid = w.id")]}) %}
{% endif %}
CREATE TEMPORARY TABLE toolsync_failed (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_failed (line) SELECT r.line FROM toolsync_row r WHERE r.status = 'failed';
{% for name in tables if site_has(name) %}
{% for side in ["back", "was", "became", "unmake"] %}

-- when: toolsync_failed
-- when: toolsync_{{ side }}_{{ name }}
DELETE b FROM toolsync_{{ side }}_{{ name }} b JOIN toolsync_failed x ON x.line = b.toolsync_line;
{% endfor %}
{% endfor %}

-- Another top category of a course's grades than the one that comes back.
CREATE TEMPORARY TABLE toolsync_other_top (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, backid BIGINT NOT NULL);

-- when: toolsync_back_grade_categories
INSERT IGNORE INTO toolsync_other_top (id, courseid, backid)
SELECT t.id, b.courseid, b.id
  FROM toolsync_back_grade_categories b
  STRAIGHT_JOIN {grade_categories} t {{ by_index("grade_categories", "courseid") }} ON t.courseid = b.courseid AND t.depth = 1 AND t.id <> b.id
 WHERE b.depth = 1
 ORDER BY b.id;

-- With grade items go the grades in them: here nobody gave one, or overwrite_changes is on.
-- when: toolsync_unmake_grade_items
DELETE x FROM toolsync_unmake_grade_items m STRAIGHT_JOIN {grade_grades} x {{ by_index("grade_grades", "itemid") }} ON x.itemid = m.id;
{% for name in tables[::-1] if site_has(name) %}

-- when: toolsync_unmake_{{ name }}
DELETE t FROM toolsync_unmake_{{ name }} b STRAIGHT_JOIN {{ table(name) }} t ON t.id = b.id;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_in_the_way (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_along (id BIGINT NOT NULL PRIMARY KEY);
{% for name in tables if site_has(name) %}
{% for columns in unique_keys(name) + (once.get(name, []) if name not in ("course", "groups", "groupings") else []) if replaceable(name) != "FALSE" %}

-- Rows that stand in their place, with what hangs on them.
-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_in_the_way (id)
SELECT t.id
  FROM toolsync_back_{{ name }} b
  {{ in_place(name, columns) }}
 WHERE {{ replaceable(name) }};
{% for gone, join in along.get(name, []) %}

-- when: toolsync_in_the_way
INSERT IGNORE INTO toolsync_along (id)
SELECT x.id
  FROM toolsync_in_the_way w
  {{ join }};

-- when: toolsync_along
DELETE t FROM toolsync_along w STRAIGHT_JOIN {{ table(gone) }} t ON t.id = w.id;

-- when: toolsync_along
DELETE FROM toolsync_along;
{% endfor %}

-- when: toolsync_in_the_way
DELETE t FROM toolsync_in_the_way w STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id;

-- when: toolsync_in_the_way
DELETE FROM toolsync_in_the_way;
{% endfor %}

-- when: toolsync_back_{{ name }}
-- chunks: toolsync_back_{{ name }}.id
INSERT INTO {{ table(name) }} (`{{ columns_of(name) | join("`, `") }}`)
SELECT b.`{{ columns_of(name) | join("`, b.`") }}`

  FROM toolsync_back_{{ name }} b
 WHERE b.id BETWEEN @first AND @last
 ORDER BY b.id;

-- when: toolsync_was_{{ name }}
UPDATE toolsync_was_{{ name }} w
  STRAIGHT_JOIN toolsync_became_{{ name }} b ON b.id = w.id AND b.toolsync_line = w.toolsync_line
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id
   SET {% for column in columns_of(name) if column not in ("id", "cacherev") %}{{ "" if loop.first else ",\n       " }}t.`{{ column }}` = IF(w.`{{ column }}` <=> b.`{{ column }}`, t.`{{ column }}`, w.`{{ column }}`){% endfor %};
{% endfor %}

-- Grade items and categories that somebody made since move into the top category that is back, and totals are worked out with them.
CREATE TEMPORARY TABLE toolsync_category_moved (id BIGINT NOT NULL PRIMARY KEY, fromid BIGINT NOT NULL, toid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_item_moved (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, toid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_total_stale (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_other_top
INSERT INTO toolsync_category_moved (id, fromid, toid)
SELECT c.id, w.id, w.backid
  FROM toolsync_other_top w
  STRAIGHT_JOIN {grade_categories} c {{ by_index("grade_categories", "courseid") }} ON c.courseid = w.courseid AND c.depth > 1 AND c.path LIKE CONCAT('/', w.id, '/%');

-- when: toolsync_category_moved
UPDATE toolsync_category_moved w
  STRAIGHT_JOIN {grade_categories} c ON c.id = w.id
   SET c.parent = IF(c.parent = w.fromid, w.toid, c.parent), c.path = CONCAT('/', w.toid, SUBSTRING(c.path, CHAR_LENGTH(w.fromid) + 2));

-- when: toolsync_other_top
INSERT INTO toolsync_item_moved (id, courseid, toid)
SELECT gi.id, w.courseid, w.backid
  FROM toolsync_other_top w
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "categoryid") }} ON gi.categoryid = w.id;

-- when: toolsync_item_moved
UPDATE toolsync_item_moved w STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id SET gi.categoryid = w.toid, gi.needsupdate = 1;

-- when: toolsync_other_top
INSERT INTO toolsync_total_stale (id)
SELECT gi.id
  FROM (SELECT DISTINCT w.courseid FROM toolsync_item_moved w UNION SELECT DISTINCT t.courseid FROM toolsync_category_moved w JOIN toolsync_other_top t ON t.id = w.fromid) k
  JOIN {grade_items} gi ON gi.courseid = k.courseid AND gi.itemtype = 'course';

-- when: toolsync_total_stale
UPDATE toolsync_total_stale w STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id SET gi.needsupdate = 1;
