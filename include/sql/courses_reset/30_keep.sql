-- Keep the rows that may go or change, as they are now, for the undo bundles; and make the plan.
{% from "courses_reset/terms.sql" import graph, resets, possible, going, gone with context %}
{% from "courses_reset/changed.sql" import changed with context %}
{% from "shared/course/undo.sql" import begin with context %}
{% set kept = (gone + changed.tables + ["course", "enrol"]) | unique | list %}
{{ begin(kept) }}
{% for name in kept if name in graph.tables %}
{% set asked_for = [] %}
{% for options, tables in resets.also_changed().items() if name in tables %}{% set _ = asked_for.extend(options | select("in", possible)) %}{% endfor %}
{% if asked_for %}

-- Those that may change; the ones that go are written into the bundles at once, below.
CREATE TEMPORARY TABLE toolsync_keep_{{ name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_of_{{ name }}
INSERT INTO toolsync_keep_{{ name }} (id, courseid)
SELECT p.id, p.courseid
  FROM (SELECT DISTINCT a.courseid FROM toolsync_asked a WHERE a.name IN ('{{ asked_for | unique | sort | join("', '") }}')) a
  JOIN toolsync_of_{{ name }} p ON p.courseid = a.courseid
{%- if name in gone %}

  LEFT JOIN toolsync_gone_{{ name }} g ON g.id = p.id
 WHERE g.id IS NULL{% endif %};

-- when: toolsync_keep_{{ name }}
INSERT INTO toolsync_before_{{ name }}
SELECT k.courseid, t.* FROM toolsync_keep_{{ name }} k STRAIGHT_JOIN {{ table(name) }} t ON t.id = k.id;
{% endif %}
{% endfor %}
{% if "roles" in possible or "groups_members" in possible or "groups_remove" in possible %}

{% include "shared/course/followers.sql" %}
{% endif %}

-- The plan that a person approves: the courses, and how much of each would go.
{% set more_columns = "leaving INT NOT NULL DEFAULT 0, attempts INT NOT NULL DEFAULT 0, submissions INT NOT NULL DEFAULT 0, posts INT NOT NULL DEFAULT 0, grades INT NOT NULL DEFAULT 0" ~ (", dates TEXT NULL" if given("startdate") else "") %}
{% include "shared/course/plan.sql" %}

UPDATE toolsync_plan t SET t.files = 0, t.bytes = 0;
{% if given("startdate") %}

CREATE TEMPORARY TABLE toolsync_shift_told (line INT UNSIGNED NOT NULL PRIMARY KEY, told TEXT NOT NULL);

-- python: date_shifts INTO toolsync_shift_told
SELECT r.line, s.counted, r.startdate
  FROM toolsync_row r
  JOIN toolsync_was_start s ON s.line = r.line
 WHERE r.status IS NULL AND r.shift <> 0;

UPDATE toolsync_plan t JOIN toolsync_shift_told s ON s.line = t.line SET t.dates = s.told;

INSERT INTO toolsync_note (line, field, message)
SELECT s.line, 'startdate', s.told FROM toolsync_shift_told s;
{% endif %}
{% for name in gone %}

-- when: toolsync_gone_{{ name }}
UPDATE toolsync_plan t
  JOIN (SELECT g.courseid, COUNT(*) AS counted FROM toolsync_gone_{{ name }} g GROUP BY g.courseid) k ON k.courseid = t.courseid
   SET t.rows_gone = t.rows_gone + k.counted{{ ", t." ~ resets.counted[name] ~ " = t." ~ resets.counted[name] ~ " + k.counted" if name in resets.counted }};
{% endfor %}
{% if "files" in gone %}

CREATE TEMPORARY TABLE toolsync_size_gone (courseid BIGINT NOT NULL PRIMARY KEY, files INT NOT NULL, bytes BIGINT NOT NULL);

-- when: toolsync_gone_files
INSERT INTO toolsync_size_gone (courseid, files, bytes)
SELECT g.courseid, COUNT(*), SUM(f.filesize)
  FROM toolsync_gone_files g
  JOIN {files} f ON f.id = g.id AND f.filename <> '.'
 GROUP BY g.courseid;

-- when: toolsync_size_gone
UPDATE toolsync_plan t
  JOIN toolsync_size_gone k ON k.courseid = t.courseid
   SET t.files = k.files, t.bytes = k.bytes;
{% endif %}

-- when: toolsync_enrolment_op
UPDATE toolsync_plan t
  JOIN (SELECT o.courseid, COUNT(DISTINCT o.userid) AS leaving, COUNT(*) AS counted FROM toolsync_enrolment_op o GROUP BY o.courseid) k ON k.courseid = t.courseid
   SET t.leaving = k.leaving, t.rows_gone = t.rows_gone + k.counted;

CREATE TEMPORARY TABLE toolsync_grade_count (courseid BIGINT NOT NULL PRIMARY KEY, counted BIGINT NOT NULL);

-- when: toolsync_item_reset
INSERT INTO toolsync_grade_count (courseid, counted)
SELECT s.courseid, COUNT(*) FROM toolsync_item_reset s JOIN {grade_grades} gg ON gg.itemid = s.id GROUP BY s.courseid;

-- when: toolsync_grade_count
UPDATE toolsync_plan t
  JOIN toolsync_grade_count k ON k.courseid = t.courseid
   SET t.rows_gone = t.rows_gone + k.counted, t.grades = k.counted;
{% for part, name in [("groups_members", "groups_members"), ("groups_remove", "groups"), ("groupings_remove", "groupings"), ("gradebook_items", "grade_items")]
    if part in possible %}

-- when: toolsync_of_{{ name }}
UPDATE toolsync_plan t
  JOIN (SELECT p.courseid, COUNT(*) AS counted
          FROM toolsync_asked a
          JOIN toolsync_of_{{ name }} p ON p.courseid = a.courseid
         WHERE a.name = '{{ part }}'
         GROUP BY p.courseid) k ON k.courseid = t.courseid
   SET t.rows_gone = t.rows_gone + k.counted;
{% endfor %}

-- when: toolsync_role_op
UPDATE toolsync_plan t
  JOIN (SELECT o.courseid, COUNT(*) AS counted FROM toolsync_role_op o GROUP BY o.courseid) k ON k.courseid = t.courseid
   SET t.rows_gone = t.rows_gone + k.counted;

-- Courses in which rows change, although none goes.
CREATE TEMPORARY TABLE toolsync_other_change (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_other_change (courseid)
SELECT a.courseid FROM toolsync_asked a WHERE a.name IN ('startdate', 'gradebook_items');

-- when: toolsync_context_missing
INSERT IGNORE INTO toolsync_other_change (courseid)
SELECT DISTINCT k.courseid FROM toolsync_context_missing k;
{% for node, of in resets.facts("reset_sets") %}
{% for part, change in of.items() if part in possible %}

-- when: {{ node.part }}
INSERT IGNORE INTO toolsync_other_change (courseid)
SELECT a.courseid
  FROM toolsync_asked a
  JOIN {{ node.part }} p ON p.courseid = a.courseid
  JOIN {{ table(node.name) }} t ON t.id = p.id
 WHERE a.name = '{{ part }}' AND NOT (t.{{ change.set }}){{ " AND " ~ change.when if change.when is defined }};
{% endfor %}
{% endfor %}

UPDATE toolsync_row r
  JOIN toolsync_plan t ON t.line = r.line AND t.rows_gone = 0
  LEFT JOIN toolsync_other_change k ON k.courseid = r.courseid
   SET r.status = 'unchanged'
 WHERE r.status IS NULL AND k.courseid IS NULL;

CREATE TEMPORARY TABLE toolsync_removed (courseid BIGINT NOT NULL PRIMARY KEY);

-- python: keep_removed_rows INTO toolsync_removed
SELECT t.line, t.courseid FROM toolsync_plan t ORDER BY t.line;

DELETE p FROM toolsync_of_course p JOIN toolsync_row r ON r.courseid = p.id WHERE r.status = 'unchanged';

DELETE a FROM toolsync_asked a JOIN toolsync_row r ON r.courseid = a.courseid WHERE r.status = 'unchanged';

DELETE s FROM toolsync_item_reset s JOIN toolsync_row r ON r.courseid = s.courseid WHERE r.status = 'unchanged';
