{# Look up each cohort and each context once: a file may have 100,000 lines about one cohort, and cohorts have no index by name. #}
{% from "cohorts/terms.sql" import key with context %}
CREATE TEMPORARY TABLE toolsync_name_meant (name VARCHAR(254) NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_cohort_named (name VARCHAR(254) NOT NULL PRIMARY KEY, id BIGINT NULL, matches INT NOT NULL, KEY (id));

INSERT IGNORE INTO toolsync_name_meant (name)
SELECT DISTINCT {{ key }}
  FROM toolsync_row r
 WHERE {{ key }} <> '';

-- Those that the site does not have have no id.
INSERT INTO toolsync_cohort_named (name, id, matches)
{% if option.cohort_id_field == "id" %}
SELECT k.name, c.id, c.id IS NOT NULL
  FROM toolsync_name_meant k
  LEFT JOIN {cohort} c ON c.id = IF(k.name REGEXP '^[1-9][0-9]{0,17}$', CAST(k.name AS UNSIGNED), 0);
{% else %}
SELECT k.name, MIN(c.id), COUNT(*)
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_name_meant k ON k.name = c.{{ option.cohort_id_field }}
 GROUP BY k.name;

INSERT IGNORE INTO toolsync_cohort_named (name, matches)
SELECT k.name, 0 FROM toolsync_name_meant k;
{% endif %}

-- Contexts of categories: by id (0 is the system context), else by idnumber.
CREATE TEMPORARY TABLE toolsync_context_meant (categoryid VARCHAR(100) NOT NULL, idnumber VARCHAR(100) NOT NULL, PRIMARY KEY (categoryid, idnumber));
CREATE TEMPORARY TABLE toolsync_context_named (
    categoryid VARCHAR(100) NOT NULL, idnumber VARCHAR(100) NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (categoryid, idnumber)
);

INSERT IGNORE INTO toolsync_context_meant (categoryid, idnumber)
SELECT DISTINCT LEFT(COALESCE(r.ccatcontext, ''), 100), IF(COALESCE(r.ccatcontext, '') = '', LEFT(COALESCE(r.ccatcontextidnumber, ''), 100), '')
  FROM toolsync_row r
 WHERE r.ccatcontext <> '' OR r.ccatcontextidnumber <> '';

INSERT IGNORE INTO toolsync_context_named (categoryid, idnumber, contextid)
SELECT k.categoryid, k.idnumber, x.id
  FROM toolsync_context_meant k
  JOIN {course_categories} cc ON cc.id = IF(k.categoryid REGEXP '^[1-9][0-9]{0,17}$', CAST(k.categoryid AS UNSIGNED), 0)
                              OR k.categoryid = '' AND cc.idnumber = k.idnumber
  JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = cc.id
 ORDER BY cc.id;

INSERT INTO toolsync_context_named (categoryid, idnumber, contextid)
SELECT k.categoryid, k.idnumber, x.id
  FROM toolsync_context_meant k
  JOIN {context} x ON x.contextlevel = 10
 WHERE k.categoryid = '0';
