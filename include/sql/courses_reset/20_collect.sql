-- Collect the rows of these courses that the file may change, and those of them that go: toolsync_gone_<table>.
{% from "courses_reset/terms.sql" import graph, resets, possible, going with context %}
{% from "courses_reset/changed.sql" import changed with context %}

CREATE TEMPORARY TABLE toolsync_of_course (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_of_course (id, courseid)
SELECT r.courseid, r.courseid FROM toolsync_row r WHERE r.status IS NULL;
{% if given("modules") or given("startdate") %}

{% with activities_only=true %}{% include "shared/course/unknown.sql" %}{% endwith %}

-- A course with an activity that the graph does not know is never half reset.
UPDATE toolsync_row r
  JOIN (SELECT u.courseid, GROUP_CONCAT(u.what ORDER BY u.what SEPARATOR ', ') AS what
          FROM toolsync_unknown u
         GROUP BY u.courseid) k ON k.courseid = r.courseid
   SET r.status = 'failed', r.field = {{ "IF(r.modulewords <> '', 'modules', 'startdate')" if given("modules") and given("startdate") else "'modules'" if given("modules") else "'startdate'" }},
       r.message = CONCAT('this course contains plugins that Tool Sync does not know: ', k.what, ' (describe their tables beside include/course_graph/moodle.yaml)')
 WHERE r.status IS NULL
   AND ({% if given("startdate") %}r.shift <> 0{% endif %}{{ " OR " if given("modules") and given("startdate") }}{% if given("modules") %}r.modulewords <> ''
        AND EXISTS (SELECT 1 FROM toolsync_module_mode m WHERE m.line = r.line AND (m.allmodules OR m.minus)){% endif %});
{% endif %}

-- Lines that ask for nothing.
UPDATE toolsync_row r
  LEFT JOIN (SELECT DISTINCT a.courseid FROM toolsync_asked a) a ON a.courseid = r.courseid
   SET r.status = 'unchanged'
 WHERE r.status IS NULL AND a.courseid IS NULL;

{% include "shared/approved.sql" %}

DELETE a FROM toolsync_asked a
  JOIN toolsync_row r ON r.courseid = a.courseid
 WHERE r.status IS NOT NULL;

DELETE p FROM toolsync_of_course p
  LEFT JOIN (SELECT DISTINCT a.courseid FROM toolsync_asked a) a ON a.courseid = p.id
 WHERE a.courseid IS NULL;

{% with parts = graph.leading_to(changed.tables) %}{% include "shared/course/collect.sql" %}{% endwith %}
{% if resets.pairs(going) %}

CREATE TEMPORARY TABLE toolsync_asked_both (courseid BIGINT NOT NULL, name VARCHAR(100) NOT NULL, PRIMARY KEY (courseid, name));
{% for name, pair in resets.pairs(going) %}

INSERT INTO toolsync_asked_both (courseid, name)
SELECT a.courseid, '{{ name }}'
  FROM toolsync_asked a
 WHERE a.name IN ('{{ pair[0] }}', '{{ pair[1] }}')
 GROUP BY a.courseid
HAVING COUNT(*) = 2;
{% endfor %}

INSERT INTO toolsync_asked (courseid, name) SELECT b.courseid, b.name FROM toolsync_asked_both b;
{% endif %}

{% include "courses_reset/leaving.sql" %}
{% set made = [] %}
{% for entry in going %}
{% if entry.table.name not in made %}
{% set _ = made.append(entry.table.name) %}

CREATE TEMPORARY TABLE toolsync_gone_{{ entry.table.name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));
{% endif %}
{% if entry.parent %}

-- when: toolsync_gone_{{ entry.parent }}
INSERT IGNORE INTO toolsync_gone_{{ entry.table.name }} (id, courseid)
SELECT t.id, p.courseid
  FROM toolsync_gone_{{ entry.parent }} p
  JOIN {{ table(entry.table.name) }} t ON {{ entry.named }} = p.id;
{% else %}

-- when: {{ entry.table.part }}
INSERT IGNORE INTO toolsync_gone_{{ entry.table.name }} (id, courseid)
SELECT p.id, p.courseid
  FROM toolsync_asked a
  JOIN {{ entry.table.part }} p ON p.courseid = a.courseid
{% if entry.when %}
  JOIN {{ table(entry.table.name) }} t ON t.id = p.id
{% endif %}
 WHERE a.name = '{{ entry.option }}'{{ " AND (" ~ entry.when ~ ")" if entry.when }};
{% endif %}
{% endfor %}

{% include "courses_reset/events.sql" %}
