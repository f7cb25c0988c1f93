{% include "cohorts/names.sql" %}

{% from "cohorts/terms.sql" import own, key, makes, named_by, kind, place with context %}
{% set member = "(COALESCE(r.cmd, '') IN ('', 'add') OR r.cmd = 'del' AND COALESCE(r.userid, '') <> '')" %}
{% set says = "SHA2(CONCAT_WS('|', IFNULL(r.cname, '-'), IFNULL(r.cidnumber, '-'), IFNULL(r.cdescription, '-'), IFNULL(r.visible, '-'),
                             IFNULL(r.component, '-'), " ~ kind() ~ ", " ~ place() ~ "), 256)" %}
-- The cohort, letter case aside. Lines about its members commute if they change nothing of the cohort itself; so do lines that say the same of it.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('cohort|', SHA2(LOWER(k.name), 256)),
       CASE WHEN NOT {{ member }} THEN NULL
            WHEN COALESCE(r.cmd, '') NOT IN ('', 'add') THEN 'members'
            WHEN c.id IS NOT NULL
             AND COALESCE(NULLIF(r.cname, ''), c.name) <=> BINARY c.name
             AND COALESCE(r.cidnumber, c.idnumber, '') <=> BINARY COALESCE(c.idnumber, '')
             AND COALESCE(r.cdescription, c.description, '') <=> BINARY COALESCE(c.description, '')
             AND COALESCE(r.visible, c.visible) = c.visible AND COALESCE(r.component, c.component) <=> BINARY c.component
{% if named_by %}
             AND COALESCE(x.contextid, c.contextid) = c.contextid
{% endif %}
             THEN 'members'
            ELSE {{ says }} END
  FROM toolsync_row r
  JOIN toolsync_cohort_named k ON k.name = {{ key }}
{% if named_by %}
  LEFT JOIN toolsync_place_found x ON x.kind = {{ kind() }} AND x.value = {{ place() }}
{% endif %}
  LEFT JOIN {cohort} c ON c.id = IF({{ makes }} AND NOT k.best, NULL, k.id);
{% if own != "cidnumber" %}

-- Idnumbers of cohorts are unique.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('idnumber|', LEFT(r.cidnumber, 254)), SHA2(CONCAT({{ key }}, '|', {{ says }}), 256)
  FROM toolsync_row r
 WHERE r.cidnumber <> '' AND {{ member }};
{% endif %}

-- A person in a cohort.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('member|', LEFT(r.userid, 300), '|', {{ key }}), NULL
  FROM toolsync_row r
 WHERE r.userid <> '' AND {{ member }};

-- The person: if some lines join and others leave, what two cohorts do in one course depends on the order. The same holds if a whole cohort leaves.
-- @some_leave: 1 if some lines add people to cohorts and others remove people, otherwise 0
SET @some_leave = (SELECT COUNT(DISTINCT COALESCE(r.cmd, '') = 'del') > 1 FROM toolsync_row r WHERE r.userid <> '' AND {{ member }});

-- @all_leave: 1 if a line is about a whole cohort, not about a person in it, otherwise 0
SET @all_leave = (SELECT COUNT(*) > 0 FROM toolsync_row r WHERE NOT {{ member }});

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, CONCAT('person|', LEFT(r.userid, 300)), IF(r.cmd = 'del', 'leaves', 'joins')
  FROM toolsync_row r
 WHERE r.userid <> '' AND {{ member }} AND @some_leave;

INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, 'everybody', IF({{ member }}, 'some', 'all of a cohort')
  FROM toolsync_row r
 WHERE @all_leave;
