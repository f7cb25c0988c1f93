-- Mark the operations that cannot be done. Writes nothing to the site.

UPDATE toolsync_enrolment_op o
   SET o.status = 'failed',
       o.message = IF(o.userid = @guest, 'the guest account cannot be enrolled', 'nobody can be enrolled on the front page')
 WHERE o.status IS NULL AND o.action = 'enrol' AND (o.userid = @guest OR o.courseid = @front_page);

UPDATE toolsync_enrolment_op o
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = o.enrolid AND ue.userid = o.userid
   SET o.status = 'failed', o.message = 'this person is not enrolled in this course by this method'
 WHERE o.status IS NULL AND o.action <> 'enrol' AND ue.id IS NULL;

UPDATE toolsync_role_op o
   SET o.status = 'failed', o.message = 'the guest account cannot be given a role'
 WHERE o.status IS NULL AND o.action <> 'unassign' AND o.userid = @guest;

UPDATE toolsync_cohort_member_op o
   SET o.status = 'failed', o.message = 'the guest account cannot be in a cohort'
 WHERE o.status IS NULL AND o.action = 'add' AND o.userid = @guest;

UPDATE toolsync_member_op o
  LEFT JOIN {groups} g ON g.id = o.groupid AND g.courseid = o.courseid
   SET o.status = 'failed', o.message = 'this course has no such group'
 WHERE o.status IS NULL AND o.groupid IS NOT NULL AND g.id IS NULL;

UPDATE toolsync_member_op o
   SET o.status = 'failed', o.message = 'this course has no such group'
 WHERE o.status IS NULL AND o.groupid IS NULL
   AND NOT EXISTS (SELECT 1 FROM toolsync_group_op made WHERE made.courseid = o.courseid AND made.name = o.groupname AND made.status IS NULL)
   AND NOT EXISTS (SELECT 1 FROM {groups} g WHERE g.courseid = o.courseid AND g.name = o.groupname);

-- Only people who are enrolled in the course, or are being enrolled by another operation, can be in its groups.
UPDATE toolsync_member_op o
  LEFT JOIN toolsync_enrolment_op enrolling ON enrolling.userid = o.userid AND enrolling.courseid = o.courseid
                                           AND enrolling.action = 'enrol' AND enrolling.status IS NULL
   SET o.status = 'failed', o.message = 'this person is not enrolled in this course'
 WHERE o.status IS NULL AND o.action = 'add' AND enrolling.line IS NULL
   AND NOT EXISTS (SELECT 1
                     FROM {user_enrolments} ue
                     JOIN {enrol} e ON e.id = ue.enrolid
                    WHERE ue.userid = o.userid AND e.courseid = o.courseid);

UPDATE toolsync_member_op o
  JOIN {groups_members} gm ON gm.groupid = o.groupid AND gm.userid = o.userid
  JOIN {enrol} e ON e.courseid = o.courseid AND e.customint2 = o.groupid AND e.enrol IN ('cohort', 'meta') AND FIND_IN_SET(e.enrol, @enrol_plugins)
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = o.userid
   SET o.status = 'failed',
       o.message = CONCAT('the members of this group come from the course''s ', e.enrol, ' enrolment, which would add this person again: change it there')
 WHERE o.status IS NULL AND o.action = 'remove';
