{% if option.purge_empty %}
-- After the whole file: delete those of its cohorts that have no members.
{% include "shared/people_tables.sql" %}
{% include "cohorts/names.sql" %}

CREATE TEMPORARY TABLE toolsync_cohort_gone (cohortid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT INTO toolsync_cohort_gone (cohortid, line)
SELECT k.id, (SELECT MAX(r.line) FROM toolsync_row r)
  FROM toolsync_cohort_named k
 WHERE k.matches = 1 AND NOT EXISTS (SELECT 1 FROM {cohort_members} m WHERE m.cohortid = k.id);

INSERT INTO toolsync_note (line, field, message)
SELECT d.line, 'cid', CONCAT('deleted the empty cohort ', c.name)
  FROM toolsync_cohort_gone d
  JOIN {cohort} c ON c.id = d.cohortid;

{% include "cohorts/empty_gone.sql" %}
{% include "shared/people.sql" %}
{% include "cohorts/delete_gone.sql" %}
{% endif %}
