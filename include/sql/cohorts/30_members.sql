INSERT INTO toolsync_cohort_member_op (line, field, action, cohortid, userid)
SELECT l.line, 'userid', IF(l.command = 'add', 'add', 'remove'), l.cohortid, l.userid
  FROM toolsync_line l
 WHERE l.userid IS NOT NULL AND l.command IN ('add', 'del');

INSERT INTO toolsync_cohort_member_op (line, n, field, action, cohortid, userid)
SELECT l.line, m.id, 'cmd', 'remove', m.cohortid, m.userid
  FROM toolsync_line l
  STRAIGHT_JOIN {cohort_members} m ON m.cohortid = l.cohortid
 WHERE l.command = 'free';

CREATE TEMPORARY TABLE toolsync_cohort_gone (cohortid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT IGNORE INTO toolsync_cohort_gone (cohortid, line)
SELECT l.cohortid, l.line
  FROM toolsync_line l
 WHERE l.command = 'del' AND NOT l.wantsperson
 ORDER BY l.line;

{% include "cohorts/empty_gone.sql" %}
{% include "shared/people_check.sql" %}
{% include "shared/people_failures.sql" %}
{% include "shared/people.sql" %}
{% include "cohorts/delete_gone.sql" %}
