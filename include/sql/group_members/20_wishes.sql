INSERT INTO toolsync_member_op (line, field, action, courseid, groupid, userid)
SELECT l.line, IF(l.command = 'del', 'groupid', 'userid'), IF(l.command = 'del', 'remove', 'add'), l.courseid, l.groupid, l.userid
  FROM toolsync_line l;

-- Removing somebody who is not even in the course is probably a mistake: the line fails.
CREATE TEMPORARY TABLE toolsync_stranger (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_stranger (line)
SELECT o.line
  FROM toolsync_member_op o
  LEFT JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.groupid = o.groupid AND gm.userid = o.userid
 WHERE o.action = 'remove' AND gm.id IS NULL
   AND NOT EXISTS (SELECT 1
                     FROM {enrol} e {{ by_index("enrol", "courseid") }}
                     STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = o.userid
                    WHERE e.courseid = o.courseid);

UPDATE toolsync_stranger s
  JOIN toolsync_member_op o ON o.line = s.line
   SET o.status = 'failed', o.field = 'userid', o.message = 'this person is not enrolled in this course';

{% with lines="toolsync_line", leaves="l.command = 'shift'", stays="gm.groupid = l.groupid", field="cmd" %}
{% include "shared/leave_groups.sql" %}
{% endwith %}
