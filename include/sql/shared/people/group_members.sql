-- Remove group members (by an operation, or with their enrolment), then add others (by an operation, or by an enrolment method with a group).

UPDATE toolsync_member_op o
  JOIN {groups} g ON g.courseid = o.courseid AND g.name = o.groupname
   SET o.groupid = g.id
 WHERE o.status IS NULL AND o.groupid IS NULL;

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, o.courseid
  FROM toolsync_member_op o
  JOIN {groups_members} gm ON gm.groupid = o.groupid AND gm.userid = o.userid
 WHERE o.action = 'remove' AND o.status IS NULL;

DELETE gm FROM {groups_members} gm
  JOIN toolsync_membership_gone d ON d.id = gm.id;

-- Somebody who is also enrolled by a cohort or meta enrolment with the same group stays in it, by that method.
INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT d.groupid, d.userid, d.courseid, CONCAT('enrol_', e.enrol), e.id
  FROM toolsync_membership_gone d
  JOIN {enrol} e ON e.courseid = d.courseid AND e.customint2 = d.groupid AND e.enrol IN ('cohort', 'meta')
                AND FIND_IN_SET(e.enrol, @enrol_plugins)
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = d.userid
 ORDER BY e.enrol, e.id;

UPDATE toolsync_member_op o
  LEFT JOIN {groups_members} gm ON gm.groupid = o.groupid AND gm.userid = o.userid
  LEFT JOIN toolsync_membership_gone d ON d.groupid = o.groupid AND d.userid = o.userid
   SET o.status = CASE WHEN o.action = 'remove' THEN IF(d.id IS NULL, 'unchanged', 'deleted')
                       ELSE IF(gm.id IS NULL, 'created', 'unchanged') END
 WHERE o.status IS NULL;

INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT o.groupid, o.userid, o.courseid, o.component, o.itemid
  FROM toolsync_member_op o
 WHERE o.action = 'add' AND o.status = 'created'
 ORDER BY o.line, o.n;

INSERT INTO {groups_members} (groupid, userid, timeadded, component, itemid)
SELECT w.groupid, w.userid, @now, w.component, w.itemid
  FROM toolsync_membership_new w;

UPDATE {groups} g
  JOIN (SELECT DISTINCT w.groupid FROM toolsync_membership_new w) t ON t.groupid = g.id
   SET g.timemodified = @now;

UPDATE {groups} g
  JOIN (SELECT DISTINCT d.groupid FROM toolsync_membership_gone d) t ON t.groupid = g.id
   SET g.timemodified = @now;

-- The members of a group's conversation are those of the group.
DELETE cm FROM toolsync_membership_gone d
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = d.groupid
  JOIN {message_conversation_members} cm ON cm.conversationid = c.id AND cm.userid = d.userid;

INSERT INTO {message_conversation_members} (conversationid, userid, timecreated)
SELECT c.id, w.userid, @now
  FROM toolsync_membership_new w
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = w.groupid
  LEFT JOIN {message_conversation_members} cm ON cm.conversationid = c.id AND cm.userid = w.userid
 WHERE cm.id IS NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'group_members' FROM toolsync_membership_new w LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'group_members' FROM toolsync_membership_gone d LIMIT 1;

-- Open quiz attempts: an override of a group that the person joins or leaves changes when they end.
DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_attempt;
CREATE TEMPORARY TABLE toolsync_quiz_attempt (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_quiz_attempt (id)
SELECT qa.id
  FROM toolsync_membership_new w
  JOIN {quiz_overrides} o ON o.groupid = w.groupid
  JOIN {quiz_attempts} qa ON qa.quiz = o.quiz AND qa.userid = w.userid AND qa.state IN ('inprogress', 'overdue');

INSERT IGNORE INTO toolsync_quiz_attempt (id)
SELECT qa.id
  FROM toolsync_membership_gone d
  JOIN {quiz_overrides} o ON o.groupid = d.groupid
  JOIN {quiz_attempts} qa ON qa.quiz = o.quiz AND qa.userid = d.userid AND qa.state IN ('inprogress', 'overdue');

{% include "shared/people/quiz_attempts.sql" %}
