{# Look up each cohort and each context once: a file may have 100,000 lines about one cohort, and cohorts have no index by name. #}
{% from "cohorts/terms.sql" import key with context %}
CREATE TEMPORARY TABLE toolsync_cohort_named (
    name VARCHAR(254) NOT NULL PRIMARY KEY, id BIGINT NULL, matches INT NOT NULL DEFAULT 0, KEY (id)
);

INSERT IGNORE INTO toolsync_cohort_named (name)
SELECT DISTINCT {{ key }}
  FROM toolsync_row r
 WHERE {{ key }} <> '';

{% if option.cohort_id_field == "id" %}
UPDATE toolsync_cohort_named k
  JOIN {cohort} c ON c.id = IF(k.name REGEXP '^[1-9][0-9]{0,17}$', CAST(k.name AS UNSIGNED), 0)
   SET k.id = c.id, k.matches = 1;
{% else %}
UPDATE toolsync_cohort_named k
  JOIN (SELECT c.{{ option.cohort_id_field }} AS name, MIN(c.id) AS id, COUNT(*) AS matches
          FROM {cohort} c
         WHERE c.{{ option.cohort_id_field }} <> ''
         GROUP BY c.{{ option.cohort_id_field }}) c ON c.name = k.name
   SET k.id = c.id, k.matches = c.matches;
{% endif %}

-- Contexts of categories: by id (0 is the system context), else by idnumber.
CREATE TEMPORARY TABLE toolsync_context_named (
    categoryid VARCHAR(100) NOT NULL, idnumber VARCHAR(100) NOT NULL, contextid BIGINT NULL, PRIMARY KEY (categoryid, idnumber)
);

INSERT IGNORE INTO toolsync_context_named (categoryid, idnumber)
SELECT DISTINCT LEFT(COALESCE(r.ccatcontext, ''), 100), IF(COALESCE(r.ccatcontext, '') = '', LEFT(COALESCE(r.ccatcontextidnumber, ''), 100), '')
  FROM toolsync_row r
 WHERE r.ccatcontext <> '' OR r.ccatcontextidnumber <> '';

UPDATE toolsync_context_named k
  JOIN {course_categories} cc ON cc.id = IF(k.categoryid REGEXP '^[1-9][0-9]{0,17}$', CAST(k.categoryid AS UNSIGNED), 0)
                              OR k.categoryid = '' AND cc.idnumber = k.idnumber
  JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = cc.id
   SET k.contextid = x.id;

UPDATE toolsync_context_named k
  JOIN {context} x ON x.contextlevel = 10
   SET k.contextid = x.id
 WHERE k.categoryid = '0';
