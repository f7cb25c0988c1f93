INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol, roleid, customint1, customint2, enrolstartdate, enrolenddate)
SELECT r.line, COALESCE(b.enrolid, 0), 'cohort',
       CASE WHEN b.enrolid IS NULL THEN 'add'
            WHEN r.command = 'add' THEN IF(b.disabled, 'enable', 'update')
            WHEN r.command = 'restore' THEN 'enable'
            WHEN r.command = 'del' THEN 'disable'
            ELSE 'delete' END,
       b.enrolid, r.courseid, 'cohort', r.roleid, r.cohortid, IF(b.enrolid IS NULL, COALESCE(g.groupid, 0), g.groupid), IF(r.command = 'add', r.enrolstart, NULL), IF(r.command = 'add', r.enrolend, NULL)
  FROM toolsync_row r
  LEFT JOIN toolsync_bound b ON b.line = r.line
  LEFT JOIN toolsync_group_op g ON g.line = r.line
 WHERE r.status IS NULL;

{% include "shared/do_instances.sql" %}
