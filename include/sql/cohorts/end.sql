{% if option.purge_empty %}
{% from "cohorts/terms.sql" import key with context %}
-- After the whole file: delete those of its cohorts that have no members. A cohort that the file deleted is none of them, even if another one is written
-- like it but for letter case.
{% include "shared/people_tables.sql" %}
{% include "cohorts/names.sql" %}

CREATE TEMPORARY TABLE toolsync_cohort_gone (cohortid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);
CREATE TEMPORARY TABLE toolsync_cohort_deleted (name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_cohort_deleted (name)
SELECT {{ key }} FROM toolsync_row r WHERE r.cmd = 'del' AND COALESCE(r.userid, '') = '' AND {{ key }} <> '';

INSERT IGNORE INTO toolsync_cohort_gone (cohortid, line)
SELECT k.id, (SELECT MAX(r.line) FROM toolsync_row r)
  FROM toolsync_cohort_named k
  LEFT JOIN toolsync_cohort_deleted d ON d.name = k.name
 WHERE k.matches = 1 AND (k.best OR d.name IS NULL) AND NOT EXISTS (SELECT 1 FROM {cohort_members} m WHERE m.cohortid = k.id);

INSERT INTO toolsync_note (line, field, message)
SELECT d.line, 'cid', CONCAT('deleted the empty cohort ', c.name)
  FROM toolsync_cohort_gone d
  JOIN {cohort} c ON c.id = d.cohortid;

{% include "cohorts/empty_gone.sql" %}
{% include "shared/people.sql" %}
{% include "cohorts/delete_gone.sql" %}
{% endif %}
