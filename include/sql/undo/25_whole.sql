{# An activity in which somebody worked stays as a whole, with its place in the course, its grades and questions; a course in which somebody worked stays as a whole.
   `kin_of` says what belongs together. It is looked up only where something stays. #}
{% from "undo/terms.sql" import seen, told, ties, leave_out with context %}
{# 0: it stays with those that need it; 1: and they with it, being its parts; 2: only they with it, since they hold nothing back; 3: neither. #}
{% macro kind(name, one) %}
{% set tells = name in seen + told or name.endswith("_history") or name.startswith("logstore_") %}
{{- (2 if tells else 1) if one.part and (name not in ties or name == "forum_subscriptions") else (3 if tells else 0) -}}
{% endmacro %}
{% set akin = [] %}
{% for name, what in undone.items() if what.made %}
{% for one in kin_of(name) if one.target in undone and undone[one.target].made and kind(name, one) != "3" %}
{% set _ = akin.extend([name, one.target]) %}
{% endfor %}
{% endfor %}
{% set made = akin | unique | list %}
-- What the run made, by the number of its table here, …
CREATE TEMPORARY TABLE toolsync_mine (n INT NOT NULL, id BIGINT NOT NULL, stays TINYINT NOT NULL, PRIMARY KEY (n, id));

-- … what each of these rows needs, …
CREATE TEMPORARY TABLE toolsync_needs (n INT NOT NULL, id BIGINT NOT NULL, othern INT NOT NULL, otherid BIGINT NOT NULL, kind TINYINT NOT NULL, KEY (n, id));

-- … and with which others it stays.
CREATE TEMPORARY TABLE toolsync_kin (n INT NOT NULL, id BIGINT NOT NULL, withn INT NOT NULL, withid BIGINT NOT NULL, KEY (n, id));
CREATE TEMPORARY TABLE toolsync_whole (n INT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (n, id));
{% if made %}
{% for name in made %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_mine (n, id, stays)
SELECT {{ loop.index }}, s.id, 1 FROM toolsync_stays s WHERE s.name = '{{ name }}' AND s.what = 'made';

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_mine (n, id, stays)
SELECT {{ loop.index }}, m.id, 0 FROM toolsync_unmake_{{ name }} m;
{% endfor %}
{% for name in made %}
{% set n = loop.index %}
{% for one in kin_of(name) if one.target in made and kind(name, one) != "3" %}

-- when: toolsync_stays
INSERT INTO toolsync_needs (n, id, othern, otherid, kind)
SELECT {{ n }}, t.id, {{ made.index(one.target) + 1 }}, {{ one.named if one.key == "id" else "p.id" }}, {{ kind(name, one) }}
  FROM toolsync_mine m
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = m.id
{% if one.key != "id" %}
  STRAIGHT_JOIN {{ table(one.target) }} p {{ by_index(one.target, one.key) }} ON p.{{ one.key }} = {{ one.named }}
{% endif %}
 WHERE m.n = {{ n }}{{ " AND " ~ one.named ~ " > 0" if one.key == "id" }}{{ " AND " ~ one.when if one.when }};
{% endfor %}
{% endfor %}

INSERT INTO toolsync_kin (n, id, withn, withid)
SELECT k.n, k.id, m.n, m.id FROM toolsync_needs k STRAIGHT_JOIN toolsync_mine m ON m.n = k.othern AND m.id = k.otherid WHERE k.kind IN (0, 1);

INSERT INTO toolsync_kin (n, id, withn, withid)
SELECT m.n, m.id, k.n, k.id FROM toolsync_needs k STRAIGHT_JOIN toolsync_mine m ON m.n = k.othern AND m.id = k.otherid WHERE k.kind IN (1, 2);

-- when: toolsync_kin
INSERT INTO toolsync_whole (n, id)
WITH RECURSIVE whole (n, id) AS (
    SELECT m.n, m.id FROM toolsync_mine m WHERE m.stays = 1
     UNION
    SELECT k.withn, k.withid FROM whole w STRAIGHT_JOIN toolsync_kin k ON k.n = w.n AND k.id = w.id
)
SELECT w.n, w.id FROM whole w;
{% for name in made %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, m.toolsync_line, 'made', 'it belongs to what stays'
  FROM toolsync_whole w
  STRAIGHT_JOIN toolsync_unmake_{{ name }} m ON m.id = w.id
 WHERE w.n = {{ loop.index }};
{{ leave_out("SELECT m.id FROM toolsync_whole w STRAIGHT_JOIN toolsync_unmake_" ~ name ~ " m ON m.id = w.id WHERE w.n = " ~ loop.index, ["toolsync_unmake_" ~ name]) }}
{% endfor %}
{% endif %}
{% if "course" in made %}
{% set in_course = "JOIN toolsync_whole w ON w.n = " ~ (made.index("course") + 1) ~ " AND w.id " %}
{% set in_context = "{context} p ON p.id = t.contextid AND p.contextlevel >= 50
  JOIN toolsync_whole w ON w.n = " ~ (made.index("context") + 1 if "context" in made else 0) ~ " AND w.id = p.id" %}
{% set by_meta_link = "{enrol} p ON t.component = 'enrol_meta' AND p.id = t.itemid
  " ~ in_course ~ "= p.customint1" %}
{% set by_method = "{enrol} p ON p.id = t.enrolid
  " ~ in_course ~ "IN (p.courseid, IF(p.enrol = 'meta', p.customint1, 0))" %}

-- A course that stays keeps its people, and they their places in courses that follow it by meta link.
{% for name, way in [
    ("user_enrolments", by_method),
    ("role_assignments", in_context),
    ("role_assignments", by_meta_link),
    ("groups_members", "{groups} p ON p.id = t.groupid
  " ~ in_course ~ "= p.courseid"),
    ("groups_members", by_meta_link),
    ("message_conversation_members", "{message_conversations} v ON v.id = t.conversationid AND v.component = 'core_group' AND v.itemtype = 'groups'
  STRAIGHT_JOIN {groups} p ON p.id = v.itemid
  " ~ in_course ~ "= p.courseid"),
    ("favourite", in_context),
    ("user_lastaccess", "{course} p ON p.id = t.courseid
  " ~ in_course ~ "= p.id"),
  ] if name in undone and undone[name].made %}

-- when: toolsync_whole
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, m.toolsync_line, 'made', 'it belongs to what stays'
  FROM toolsync_unmake_{{ name }} m
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = m.id
  STRAIGHT_JOIN {{ way }};
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'made'", ["toolsync_unmake_" ~ name]) }}
{% endfor %}

-- What the run has changed in it, or taken away, stays as it is.
{% for name, what in undone.items() if name != "course" %}
{% set ways = [] %}
{% for one in references_of(name) if one.target == "course" %}
{% set _ = ways.append(in_course ~ ("IN (t.courseid, IF(t.enrol = 'meta', t.customint1, 0))" if name == "enrol" else "= t." ~ one.column)) %}
{% endfor %}
{% if name == "user_enrolments" %}
{% set _ = ways.append("STRAIGHT_JOIN " ~ by_method) %}
{% endif %}
{% for way in ways %}
{% if what.changed %}

-- when: toolsync_whole
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', b.id, b.toolsync_line, 'changed', 'it belongs to what stays'
  FROM toolsync_was_{{ name }} b
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = b.id
  {{ way }};
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'changed'", ["toolsync_was_" ~ name, "toolsync_became_" ~ name]) }}
{% endif %}
{% if what.deleted %}

-- when: toolsync_whole
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', t.id, t.toolsync_line, 'deleted', 'it belongs to what stays'
  FROM toolsync_back_{{ name }} t
  {{ way }};
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'deleted'", ["toolsync_back_" ~ name]) }}
{% endif %}
{% endfor %}
{% endfor %}
{% endif %}
{% if "groupings_groups" in made and "groupings" in made %}

-- A group stays in its grouping where both stay.
INSERT INTO toolsync_these (id)
SELECT m.id
  FROM toolsync_unmake_groupings_groups m
  JOIN {groupings_groups} t ON t.id = m.id
  JOIN toolsync_whole w ON w.n = {{ made.index("groupings") + 1 }} AND w.id = t.groupingid
  JOIN toolsync_stays s ON s.name = 'groups' AND s.what = 'made' AND s.id = t.groupid;

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'groupings_groups', m.id, m.toolsync_line, 'made', 'it belongs to what stays'
  FROM toolsync_these k
  JOIN toolsync_unmake_groupings_groups m ON m.id = k.id;

-- when: toolsync_these
DELETE FROM toolsync_these;
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = 'groupings_groups'", ["toolsync_unmake_groupings_groups"]) }}
{% endif %}
{% for name in ["course_sections", "grade_categories", "grade_items"] if name in undone and undone[name].made and undone[name].deleted %}

-- Where what a template has replaced comes back, the new sections and the new category of all grades go in any case, …
INSERT INTO toolsync_unmake_{{ name }} SELECT m.* FROM toolsync_aside_{{ name }} m;
{% endfor %}

-- … and what stays in them moves to the old ones.
INSERT INTO toolsync_module_moved (id, home)
SELECT x.id, p.home
  FROM toolsync_place_course_sections p
  STRAIGHT_JOIN {course_sections} s ON s.id = p.id
  STRAIGHT_JOIN {course_modules} x {{ by_index("course_modules", "course") }} ON x.course = s.course AND x.section = p.id
{% if "course_modules" in undone and undone.course_modules.made %}
  LEFT JOIN toolsync_unmake_course_modules m ON m.id = x.id
 WHERE m.id IS NULL
{% endif %};

UPDATE toolsync_module_moved w STRAIGHT_JOIN {course_modules} x ON x.id = w.id SET x.section = w.home;
{% for name, column in {"grade_items": "categoryid", "grade_categories": "parent"}.items() %}

INSERT INTO toolsync_item_moved (id, home)
SELECT x.id, p.home
  FROM toolsync_place_grade_categories p
  STRAIGHT_JOIN {{ table(name) }} x {{ by_index(name, column) }} ON x.{{ column }} = p.id
{% if name in undone and undone[name].made %}
  LEFT JOIN toolsync_unmake_{{ name }} m ON m.id = x.id
 WHERE m.id IS NULL
{% endif %};

UPDATE toolsync_item_moved w STRAIGHT_JOIN {{ table(name) }} x ON x.id = w.id SET x.{{ column }} = w.home;
{% if name == "grade_categories" %}

-- The path of a category begins with the one of all grades.
UPDATE toolsync_item_moved w
  STRAIGHT_JOIN {grade_categories} x ON x.id = w.id
   SET x.path = CONCAT('/', w.home, SUBSTRING(x.path, LOCATE('/', x.path, 2)));
{% endif %}

DELETE FROM toolsync_item_moved;
{% endfor %}
