{% import "shared/identify.sql" as named with context %}
{% include "shared/people_tables.sql" %}
{% include "cohorts/names.sql" %}

{% from "cohorts/terms.sql" import own, written, key, longest, makes, named_by, kind, place, field_of_place with context %}
{% set by = option.cohort_id_field %}
{% set field = "IF(r.cid <> '', 'cid', '" ~ own ~ "')" %}
-- The lines that have not failed, with the ids that their values name. A line that may make its cohort means one that is written exactly so, or a new one.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, cohortkey VARCHAR(254) COLLATE utf8mb4_bin NULL, cohortid BIGINT NULL, cohorts INT NOT NULL,
    makes TINYINT NOT NULL, wantsperson TINYINT NOT NULL, userid BIGINT NULL, users INT NOT NULL, bestuser TINYINT NOT NULL, contextid BIGINT NULL,
    contexts INT NOT NULL, created TINYINT NOT NULL DEFAULT 0, KEY (cohortid)
);

INSERT INTO toolsync_line (line, command, cohortkey, cohortid, cohorts, makes, wantsperson, userid, users, bestuser, contextid, contexts)
SELECT r.line, LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20), {{ key }},
       IF({{ makes }} AND NOT k.best, NULL, k.id), IF({{ makes }} AND NOT k.best, 0, COALESCE(k.matches, 0)), {{ makes }}, COALESCE(r.userid, '') <> '',
       u.id, u.id IS NOT NULL, COALESCE({{ named.best("u", option.user_id_field, "r.userid") }}, 0),
       {{ "x.contextid, COALESCE(x.matches, 0)" if named_by else "NULL, 0" }}
  FROM toolsync_row r
  LEFT JOIN toolsync_cohort_named k ON k.name = {{ key }}
  LEFT JOIN {user} u {{ named.index("user", option.user_id_field) }} ON {{ named.user("u", option.user_id_field, "r.userid") }}
{% if named_by %}
  LEFT JOIN toolsync_place_found x ON x.kind = {{ kind() }} AND x.value = {{ place() }}
{% endif %}
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE {{ named.better("toolsync_line", "userid", "users", "bestuser") }};

-- What only looks like a cohort, or a category, that is named and is not there.
CREATE TEMPORARY TABLE toolsync_cohort_lost (name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(254) NOT NULL, KEY (looks));
CREATE TEMPORARY TABLE toolsync_cohort_alike (name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, alike VARCHAR(254) NOT NULL);
{% if by != "id" %}

INSERT IGNORE INTO toolsync_cohort_lost (name, looks)
SELECT l.cohortkey, l.cohortkey
  FROM toolsync_line l
 WHERE l.cohorts = 0 AND NOT l.makes AND l.cohortkey <> '';

INSERT IGNORE INTO toolsync_cohort_alike (name, alike)
SELECT k.name, c.{{ by }}
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_cohort_lost k ON k.looks = c.{{ by }}
 ORDER BY c.id;
{% endif %}
{% if given("ccatcontextidnumber") or given("category") %}

CREATE TEMPORARY TABLE toolsync_place_lost (value VARCHAR(700) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(700) NOT NULL, KEY (looks));
CREATE TEMPORARY TABLE toolsync_place_alike (value VARCHAR(700) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, alike VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_place_lost (value, looks)
SELECT k.value, k.value
  FROM toolsync_place_meant k
  LEFT JOIN toolsync_place_found x ON x.kind = k.kind AND x.value = k.value
 WHERE k.kind IN ('idnumber', 'any') AND x.contextid IS NULL;

INSERT IGNORE INTO toolsync_place_alike (value, alike)
SELECT k.value, c.idnumber
  FROM {course_categories} c
  STRAIGHT_JOIN toolsync_place_lost k ON k.looks = c.idnumber
 ORDER BY c.id;
{% endif %}

-- Lines that can't be done, with the reason: `column|message`.
CREATE TEMPORARY TABLE toolsync_fault (line INT UNSIGNED NOT NULL PRIMARY KEY, fault VARCHAR(1000) NOT NULL);

INSERT INTO toolsync_fault (line, fault)
SELECT w.line, w.fault
  FROM (SELECT l.line,
       CASE WHEN l.command NOT IN ('add', 'del', 'free') THEN 'cmd|expected add, del or free'
            WHEN COALESCE(l.cohortkey, '') = '' THEN CONCAT({{ field }}, '|expected the {{ by }} of a cohort')
            WHEN CHAR_LENGTH({{ written }}) > {{ longest }}
            THEN CONCAT({{ field }}, '|', CHAR_LENGTH({{ written }}), ' characters, and the site stores at most {{ longest }}')
            WHEN l.cohorts > 1 THEN CONCAT({{ field }}, '|', l.cohorts, ' cohorts have this {{ by }}')
            WHEN l.cohorts = 0 AND NOT l.makes
            THEN CONCAT({{ field }}, '|no cohort has this {{ by }}', COALESCE(CONCAT(', only ', a.alike, ', which looks like it'), ''){{ ", IF(l.command = 'add', ' (Param auto_create makes it)', '')" if by != "id" }})
            WHEN l.wantsperson AND l.command <> 'free' AND l.users = 0 THEN 'userid|no account has this {{ option.user_id_field }}'
            WHEN l.wantsperson AND l.command <> 'free' AND l.users > 1 THEN CONCAT('userid|', l.users, ' accounts have this {{ option.user_id_field }}')
            WHEN l.command = 'add' AND l.userid = @guest THEN 'userid|the guest account cannot be in a cohort'
{% if named_by %}
            WHEN l.command = 'add' AND {{ kind() }} <> '' AND l.contexts <> 1
            THEN CONCAT({{ field_of_place() }}, '|', IF(l.contexts > 1, CONCAT(l.contexts, ' categories have this '), 'no category has this '),
                        CASE {{ kind() }} WHEN 'id' THEN 'id' WHEN 'idnumber' THEN 'idnumber' WHEN 'path' THEN 'path' WHEN 'context' THEN 'context'
                                          ELSE 'path, id or idnumber' END{{ ", COALESCE(CONCAT(', only ', y.alike, ', which looks like it'), '')" if given("ccatcontextidnumber") or given("category") }})
{% endif %}
        END AS fault
          FROM toolsync_line l
          JOIN toolsync_row r ON r.line = l.line
          LEFT JOIN toolsync_cohort_alike a ON a.name = l.cohortkey
{% if given("ccatcontextidnumber") or given("category") %}
          LEFT JOIN toolsync_place_alike y ON y.value = {{ place() }} AND {{ kind() }} IN ('idnumber', 'any')
{% endif %}
       ) w
 WHERE w.fault IS NOT NULL;

{% with looked=[("userid", "user", option.user_id_field, named.is_user("x"))] %}
{% include "shared/looks.sql" %}
{% endwith %}

{% if own != "cidnumber" %}
-- No two cohorts may have the same idnumber, nor what the site takes for the same.
CREATE TEMPORARY TABLE toolsync_idnumber_meant (idnumber VARCHAR(100) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(100) NOT NULL, KEY (looks));
CREATE TEMPORARY TABLE toolsync_idnumber (
    idnumber VARCHAR(100) COLLATE utf8mb4_bin NOT NULL, id BIGINT NOT NULL, name VARCHAR(254) NOT NULL, has VARCHAR(100) NOT NULL, written TINYINT NOT NULL,
    PRIMARY KEY (idnumber, id)
);

INSERT IGNORE INTO toolsync_idnumber_meant (idnumber, looks)
SELECT r.cidnumber, r.cidnumber FROM toolsync_row r WHERE r.cidnumber <> '' AND CHAR_LENGTH(r.cidnumber) <= 100;

INSERT INTO toolsync_idnumber (idnumber, id, name, has, written)
SELECT w.idnumber, c.id, c.name, c.idnumber, {{ named.same("c.idnumber", "w.idnumber") }}
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_idnumber_meant w ON w.looks = c.idnumber;

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT l.line, IF(i.written, CONCAT('cidnumber|another cohort has it: ', i.name), CONCAT('cidnumber|looks like ', i.has, ', which is there'))
  FROM toolsync_line l
  JOIN toolsync_row r ON r.line = l.line
  JOIN toolsync_idnumber i ON i.idnumber = r.cidnumber
  LEFT JOIN {cohort} me ON me.id = l.cohortid
 WHERE l.command = 'add' AND NOT i.id <=> l.cohortid AND NOT me.idnumber <=> r.cidnumber COLLATE utf8mb4_bin
 ORDER BY l.line, i.written DESC, i.id;
{% endif %}

{% with lines="toolsync_line" %}{% include "shared/faults.sql" %}{% endwith %}

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, 'userid', 'not used: free removes everybody from the cohort'
  FROM toolsync_line l
 WHERE l.command = 'free' AND l.wantsperson;
{% if own != "cid" and given("cid") and given(own) %}

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, '{{ own }}', 'not used: cid names the cohort'
  FROM toolsync_line l
  JOIN toolsync_row r ON r.line = l.line
 WHERE r.cid <> '' AND r.{{ own }} <> '' AND NOT r.{{ own }} <=> BINARY r.cid;
{% endif %}
