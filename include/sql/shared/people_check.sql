-- Mark the operations that cannot be done. Writes nothing to the site.

UPDATE toolsync_enrolment_op o
   SET o.status = 'failed',
       o.message = IF(o.userid = @guest, 'the guest account cannot be enrolled', 'nobody can be enrolled on the front page')
 WHERE o.status IS NULL AND o.action = 'enrol' AND (o.userid = @guest OR o.courseid = @front_page);

UPDATE toolsync_role_op o
   SET o.status = 'failed', o.message = 'the guest account cannot be given a role'
 WHERE o.status IS NULL AND o.action <> 'unassign' AND o.userid = @guest;

UPDATE toolsync_cohort_member_op o
   SET o.status = 'failed', o.message = 'the guest account cannot be in a cohort'
 WHERE o.status IS NULL AND o.action = 'add' AND o.userid = @guest;

-- What the site does not allow, with the reason: operations on enrolments, then on group members.
DROP TEMPORARY TABLE IF EXISTS toolsync_enrolment_refused;
DROP TEMPORARY TABLE IF EXISTS toolsync_member_refused;
CREATE TEMPORARY TABLE toolsync_enrolment_refused (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));
CREATE TEMPORARY TABLE toolsync_member_refused (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_enrolment_refused (line, n)
SELECT o.line, o.n
  FROM toolsync_enrolment_op o
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = o.enrolid AND ue.userid = o.userid
 WHERE o.status IS NULL AND o.action <> 'enrol' AND ue.id IS NULL;

UPDATE toolsync_enrolment_refused f
  JOIN toolsync_enrolment_op o ON o.line = f.line AND o.n = f.n
   SET o.status = 'failed', o.message = 'this person is not enrolled in this course by this method';

INSERT INTO toolsync_member_refused (line, n, message)
SELECT o.line, o.n, 'this course has no such group'
  FROM toolsync_member_op o
  LEFT JOIN {groups} g ON g.id = o.groupid AND g.courseid = o.courseid
 WHERE o.status IS NULL AND o.groupid IS NOT NULL AND g.id IS NULL;

-- Groups by their names: none of several is meant.
DROP TEMPORARY TABLE IF EXISTS toolsync_group_wanted;
CREATE TEMPORARY TABLE toolsync_group_wanted (courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (courseid, name));

INSERT IGNORE INTO toolsync_group_wanted (courseid, name)
SELECT o.courseid, o.name FROM toolsync_group_op o WHERE o.status IS NULL AND o.groupid IS NULL;

INSERT IGNORE INTO toolsync_group_wanted (courseid, name)
SELECT o.courseid, o.groupname FROM toolsync_member_op o WHERE o.status IS NULL AND o.groupid IS NULL;

{% with wanted="toolsync_group_wanted", into="toolsync_group_called" %}{% include "shared/groups_by_name.sql" %}{% endwith %}

UPDATE toolsync_group_called k
  JOIN toolsync_group_op o ON o.courseid = k.courseid AND o.name = k.name
   SET o.status = 'failed', o.message = CONCAT(k.hits, ' groups of this course have this name')
 WHERE k.hits > 1 AND o.status IS NULL AND o.groupid IS NULL;

INSERT INTO toolsync_member_refused (line, n, message)
SELECT o.line, o.n, CONCAT(k.hits, ' groups of this course have this name')
  FROM toolsync_group_called k
  JOIN toolsync_member_op o ON o.courseid = k.courseid AND o.groupname = k.name
 WHERE k.hits > 1 AND o.status IS NULL AND o.groupid IS NULL;

INSERT IGNORE INTO toolsync_member_refused (line, n, message)
SELECT o.line, o.n, 'this course has no such group'
  FROM toolsync_member_op o
  LEFT JOIN toolsync_group_called k ON k.courseid = o.courseid AND k.name = o.groupname
 WHERE o.status IS NULL AND o.groupid IS NULL AND k.groupid IS NULL
   AND NOT EXISTS (SELECT 1 FROM toolsync_group_op made WHERE made.courseid = o.courseid AND made.name = o.groupname AND made.status IS NULL);

-- Only people who are enrolled in the course, or are being enrolled by another operation, can be in its groups.
INSERT IGNORE INTO toolsync_member_refused (line, n, message)
SELECT o.line, o.n, 'this person is not enrolled in this course'
  FROM toolsync_member_op o
  LEFT JOIN toolsync_enrolment_op enrolling ON enrolling.userid = o.userid AND enrolling.courseid = o.courseid
                                           AND enrolling.action = 'enrol' AND enrolling.status IS NULL
 WHERE o.status IS NULL AND o.action = 'add' AND enrolling.line IS NULL
   AND NOT EXISTS (SELECT 1
                     FROM {enrol} e {{ by_index("enrol", "courseid") }}
                     STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = o.userid
                    WHERE e.courseid = o.courseid);

INSERT IGNORE INTO toolsync_member_refused (line, n, message)
SELECT o.line, o.n,
       CONCAT('the members of this group come from the course''s ', e.enrol, ' enrolment, which would add this person again: change it there')
  FROM toolsync_member_op o
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.groupid = o.groupid AND gm.userid = o.userid
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = o.courseid AND e.customint2 = o.groupid AND e.enrol IN ('cohort', 'meta') AND FIND_IN_SET(e.enrol, @enrol_plugins)
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = o.userid
 WHERE o.status IS NULL AND o.action = 'remove';

UPDATE toolsync_member_refused f
  JOIN toolsync_member_op o ON o.line = f.line AND o.n = f.n
   SET o.status = 'failed', o.message = f.message;
