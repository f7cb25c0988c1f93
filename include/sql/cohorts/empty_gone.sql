-- Cohorts to be deleted (toolsync_cohort_gone) lose their members and the enrolment methods bound to them. If the site suspends people instead of
-- unenrolling them, the methods stay, disabled.
INSERT INTO toolsync_cohort_member_op (line, n, field, action, cohortid, userid)
SELECT d.line, m.id, 'cmd', 'remove', m.cohortid, m.userid
  FROM toolsync_cohort_gone d
  JOIN {cohort_members} m ON m.cohortid = d.cohortid;

INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol)
SELECT d.line, e.id, 'cmd', IF(@cohort_unenrol = 0, 'delete', 'disable'), e.id, e.courseid, e.enrol
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN toolsync_cohort_gone d ON d.cohortid = e.customint1
 WHERE e.enrol = 'cohort';
