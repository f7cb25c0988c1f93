{% import "shared/identify.sql" as named with context %}
{% include "shared/people_tables.sql" %}
{% include "cohorts/names.sql" %}

{% from "cohorts/terms.sql" import own, key with context %}
-- The lines that have not failed, with the ids that their values name.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, cohortkey VARCHAR(254) NULL, cohortid BIGINT NULL, cohorts INT NOT NULL,
    wantsperson TINYINT NOT NULL, userid BIGINT NULL, users INT NOT NULL, contextid BIGINT NULL, created TINYINT NOT NULL DEFAULT 0, KEY (cohortid)
);

INSERT INTO toolsync_line (line, command, cohortkey, cohortid, cohorts, wantsperson, userid, users, contextid)
SELECT r.line, LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20), {{ key }}, k.id, COALESCE(k.matches, 0), COALESCE(r.userid, '') <> '',
       u.id, u.id IS NOT NULL, x.contextid
  FROM toolsync_row r
  LEFT JOIN toolsync_cohort_named k ON k.name = {{ key }}
  LEFT JOIN {user} u ON {{ named.user("u", option.user_id_field, "r.userid") }}
  LEFT JOIN toolsync_context_named x ON x.categoryid = COALESCE(r.ccatcontext, '')
                                    AND x.idnumber = IF(COALESCE(r.ccatcontext, '') = '', COALESCE(r.ccatcontextidnumber, ''), '')
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE users = toolsync_line.users + 1;

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'cmd', r.message = 'expected add, del or free'
 WHERE l.command NOT IN ('add', 'del', 'free');

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = IF(r.cid <> '', 'cid', '{{ own }}'),
       r.message = CASE WHEN COALESCE(l.cohortkey, '') = '' THEN 'expected the {{ option.cohort_id_field }} of a cohort'
                        WHEN l.cohorts > 1 THEN CONCAT(l.cohorts, ' cohorts have this {{ option.cohort_id_field }}')
                        ELSE 'no cohort has this {{ option.cohort_id_field }}' END
 WHERE r.status IS NULL
   AND (COALESCE(l.cohortkey, '') = '' OR l.cohorts > 1
        OR l.cohorts = 0{{ " AND l.command <> 'add'" if option.auto_create and option.cohort_id_field != "id" }});

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'userid',
       r.message = IF(l.users = 0, 'no account has this {{ option.user_id_field }}', CONCAT(l.users, ' accounts have this {{ option.user_id_field }}'))
 WHERE r.status IS NULL AND l.wantsperson AND l.users <> 1 AND l.command <> 'free';

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = IF(r.ccatcontext <> '', 'ccatcontext', 'ccatcontextidnumber'), r.message = 'no category has this id or idnumber'
 WHERE r.status IS NULL AND l.command = 'add' AND l.contextid IS NULL AND (r.ccatcontext <> '' OR r.ccatcontextidnumber <> '');

{% if own != "cidnumber" %}

CREATE TEMPORARY TABLE toolsync_idnumber_meant (idnumber VARCHAR(100) NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_idnumber (idnumber VARCHAR(100) NOT NULL PRIMARY KEY, id BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_idnumber_meant (idnumber)
SELECT DISTINCT r.cidnumber FROM toolsync_row r WHERE r.cidnumber <> '' AND CHAR_LENGTH(r.cidnumber) <= 100;

INSERT IGNORE INTO toolsync_idnumber (idnumber, id)
SELECT w.idnumber, c.id
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_idnumber_meant w ON w.idnumber = c.idnumber;

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
  JOIN toolsync_idnumber i ON i.idnumber = r.cidnumber
   SET r.status = 'failed', r.field = 'cidnumber', r.message = 'another cohort has this idnumber'
 WHERE r.status IS NULL AND l.command = 'add' AND NOT i.id <=> l.cohortid;
{% endif %}

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, 'userid', 'not used: free removes everybody from the cohort'
  FROM toolsync_line l
  JOIN toolsync_row r ON r.line = l.line AND r.status IS NULL
 WHERE l.command = 'free' AND l.wantsperson;

DELETE l FROM toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
 WHERE r.status = 'failed';
