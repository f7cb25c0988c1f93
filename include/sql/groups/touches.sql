{# Names and identifiers that only look alike are no reason to wait: they are compared as look-ups compare them, letter case aside. #}
{% macro written(value) -%}
SHA2(LOWER(LEFT({{ value }}, 254)), 256)
{%- endmacro %}
-- A line touches its group or grouping by every identifier: name, idnumber, id; those in the file (other lines may rename it) and those on the site.
CREATE TEMPORARY TABLE toolsync_alias (
    cid VARCHAR(200) NOT NULL, kind VARCHAR(10) NOT NULL, akey CHAR(64) NOT NULL, name CHAR(64) NOT NULL,
    PRIMARY KEY (cid, kind, akey, name)
);

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT(IF(r.type = 'grouping', 'grouping', 'group'), '|', LEFT(r.courseid, 200), '|', {{ written("r.name") }}), NULL
  FROM toolsync_row r
 WHERE r.name <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT(IF(r.type = 'grouping', 'grouping', 'group'), '|', LEFT(r.courseid, 200), '|', {{ written("r.idnumber") }}), NULL
  FROM toolsync_row r
 WHERE r.idnumber <> '';
{% if given("updateid") %}

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT(IF(r.type = 'grouping', 'grouping', 'group'), '|', LEFT(r.courseid, 200), '|', {{ written("r.updateid") }}), NULL
  FROM toolsync_row r
 WHERE r.updateid <> '';

-- Names that other lines of the file give to what a line updates or deletes.
INSERT IGNORE INTO toolsync_alias (cid, kind, akey, name)
SELECT LEFT(r.courseid, 200), IF(r.type = 'grouping', 'grouping', 'group'), {{ written("r.idnumber") }}, {{ written("r.name") }}
  FROM toolsync_row r
 WHERE r.idnumber <> '' AND r.name <> '';

INSERT IGNORE INTO toolsync_alias (cid, kind, akey, name)
SELECT LEFT(r.courseid, 200), IF(r.type = 'grouping', 'grouping', 'group'), {{ written("r.updateid") }}, {{ written("r.name") }}
  FROM toolsync_row r
 WHERE r.updateid <> '' AND r.name <> '';

INSERT IGNORE INTO toolsync_alias (cid, kind, akey, name)
SELECT LEFT(r.courseid, 200), IF(r.type = 'grouping', 'grouping', 'group'), {{ written("r.updateid") }}, {{ written("r.idnumber") }}
  FROM toolsync_row r
 WHERE r.updateid <> '' AND r.idnumber <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT(a.kind, '|', LEFT(r.courseid, 200), '|', a.name), NULL
  FROM toolsync_row r
  JOIN toolsync_alias a ON a.cid = r.courseid AND a.kind = IF(r.type = 'grouping', 'grouping', 'group') AND a.akey = {{ written("r.updateid") }}
 WHERE r.updateid <> '';
{% endif %}

{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_line_course (line INT UNSIGNED NOT NULL, courseid BIGINT NOT NULL, PRIMARY KEY (line, courseid));

INSERT INTO toolsync_line_course (line, courseid)
SELECT r.line, c.id
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.courseid") }};

{% with rows="toolsync_line_course", course="courseid" %}{% include "shared/groups_there.sql" %}{% endwith %}
-- The groups and groupings that the site has under one of these: by name, idnumber and id.
{% for kind, name, field in [("group", "groups", option.group_id_field), ("grouping", "groupings", option.grouping_id_field)] %}
CREATE TEMPORARY TABLE toolsync_known_{{ kind }} (line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, cid VARCHAR(200) NOT NULL, PRIMARY KEY (line, id));

{% for column, by in [("name", "name"), ("idnumber", "idnumber"), ("updateid", field)] if given(column) %}
INSERT IGNORE INTO toolsync_known_{{ kind }} (line, id, cid)
SELECT r.line, g.id, LEFT(r.courseid, 200)
  FROM toolsync_line_course k
  STRAIGHT_JOIN toolsync_row r ON r.line = k.line
{% if by == "id" %}
  STRAIGHT_JOIN {{ table(name) }} g {{ named.index(name, "id") }} ON {{ named.group("g", "id", "r." ~ column, "k.courseid") }}
{% else %}
  {{ named.there(name, "g", by, "r." ~ column, "k.courseid") }}
{% endif %}
 WHERE {{ "r.type = 'grouping'" if kind == "grouping" else "COALESCE(r.type, '') <> 'grouping'" }};
{% endfor %}

{% for thing in ["g.name", "g.idnumber", "g.id"] %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT k.line, CONCAT('{{ kind }}|', k.cid, '|', {{ written(thing) }}), NULL
  FROM toolsync_known_{{ kind }} k
  STRAIGHT_JOIN {{ table(name) }} g ON g.id = k.id{{ " AND g.idnumber <> ''" if thing == "g.idnumber" }};
{% endfor %}
{% endfor %}

-- Groupings into which lines put groups, or which they create for them.
{% for column, mode in [("grouping", "use"), ("groupingname", "make")] if given(column) %}
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('grouping|', LEFT(r.courseid, 200), '|', {{ written("r." ~ column) }}), '{{ mode }}'
  FROM toolsync_row r
 WHERE r.{{ column }} <> '';

{% endfor %}
{% if given("selfgrouping") %}

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('grouping|', LEFT(r.courseid, 200), '|', {{ written("r.name") }}), NULL
  FROM toolsync_row r
 WHERE r.selfgrouping = 1 AND r.name <> '';

INSERT INTO toolsync_touch (line, thing, mode)
SELECT k.line, CONCAT('grouping|', k.cid, '|', {{ written("g.name") }}), NULL
  FROM toolsync_known_group k
  JOIN toolsync_row r ON r.line = k.line AND r.selfgrouping = 1
  JOIN {groups} g ON g.id = k.id;
{% endif %}
