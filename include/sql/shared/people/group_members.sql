-- Remove group members (by an operation, or with their enrolment), then add others (by an operation, or by an enrolment method with a group).

DROP TEMPORARY TABLE IF EXISTS toolsync_group_meant;
CREATE TEMPORARY TABLE toolsync_group_meant (courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (courseid, name));

INSERT IGNORE INTO toolsync_group_meant (courseid, name)
SELECT o.courseid, o.groupname
  FROM toolsync_member_op o
 WHERE o.status IS NULL AND o.groupid IS NULL;

{% with wanted="toolsync_group_meant", into="toolsync_group_named" %}{% include "shared/groups_by_name.sql" %}{% endwith %}

UPDATE toolsync_member_op o
  JOIN toolsync_group_named k ON k.courseid = o.courseid AND k.name = o.groupname
   SET o.groupid = k.groupid
 WHERE o.status IS NULL AND o.groupid IS NULL;

INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, o.courseid
  FROM toolsync_member_op o
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.groupid = o.groupid AND gm.userid = o.userid
 WHERE o.action = 'remove' AND o.status IS NULL;

-- Somebody who is also enrolled by a cohort or meta enrolment with the same group stays in it, by that method.
INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT d.groupid, d.userid, d.courseid, CONCAT('enrol_', e.enrol), e.id
  FROM toolsync_membership_gone d
  JOIN {enrol} e ON e.courseid = d.courseid AND e.customint2 = d.groupid AND e.enrol IN ('cohort', 'meta')
                AND FIND_IN_SET(e.enrol, @enrol_plugins)
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = d.userid
 ORDER BY e.enrol, e.id;

-- The memberships asked for that are there, and stay.
DROP TEMPORARY TABLE IF EXISTS toolsync_member_already;
CREATE TEMPORARY TABLE toolsync_member_already (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_member_already (line, n)
SELECT o.line, o.n
  FROM toolsync_member_op o
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.groupid = o.groupid AND gm.userid = o.userid
  LEFT JOIN toolsync_membership_gone d ON d.id = gm.id
 WHERE o.action = 'add' AND o.status IS NULL AND d.id IS NULL;

UPDATE toolsync_member_op o
  LEFT JOIN toolsync_member_already k ON k.line = o.line AND k.n = o.n
  LEFT JOIN toolsync_membership_gone d ON d.groupid = o.groupid AND d.userid = o.userid
   SET o.status = CASE WHEN o.action = 'remove' THEN IF(d.id IS NULL, 'unchanged', 'deleted')
                       ELSE IF(k.line IS NULL, 'created', 'unchanged') END
 WHERE o.status IS NULL;

INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT o.groupid, o.userid, o.courseid, o.component, o.itemid
  FROM toolsync_member_op o
 WHERE o.action = 'add' AND o.status = 'created'
 ORDER BY o.line, o.n;

-- The groups that people join or leave: those to be dated, their conversations, and the quizzes with an override for them.
DROP TEMPORARY TABLE IF EXISTS toolsync_group_met;
DROP TEMPORARY TABLE IF EXISTS toolsync_group_dated;
DROP TEMPORARY TABLE IF EXISTS toolsync_group_talk;
DROP TEMPORARY TABLE IF EXISTS toolsync_group_override;
CREATE TEMPORARY TABLE toolsync_group_met (groupid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_group_dated (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_group_talk (groupid BIGINT NOT NULL, conversationid BIGINT NOT NULL, PRIMARY KEY (groupid, conversationid));
CREATE TEMPORARY TABLE toolsync_group_override (groupid BIGINT NOT NULL, quizid BIGINT NOT NULL, PRIMARY KEY (groupid, quizid));

INSERT IGNORE INTO toolsync_group_met (groupid)
SELECT DISTINCT w.groupid FROM toolsync_membership_new w;

INSERT IGNORE INTO toolsync_group_met (groupid)
SELECT DISTINCT d.groupid FROM toolsync_membership_gone d;

INSERT INTO toolsync_group_dated (id)
SELECT g.id
  FROM toolsync_group_met t
  STRAIGHT_JOIN {groups} g ON g.id = t.groupid
 WHERE g.timemodified <> @now;

INSERT INTO toolsync_group_talk (groupid, conversationid)
SELECT t.groupid, c.id
  FROM toolsync_group_met t
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = t.groupid;

INSERT IGNORE INTO toolsync_group_override (groupid, quizid)
SELECT t.groupid, o.quiz
  FROM toolsync_group_met t
  JOIN {quiz_overrides} o ON o.groupid = t.groupid;

-- The members of a group's conversation are those of the group.
DROP TEMPORARY TABLE IF EXISTS toolsync_talk_left;
DROP TEMPORARY TABLE IF EXISTS toolsync_talk_joined;
CREATE TEMPORARY TABLE toolsync_talk_left (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_talk_joined (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, conversationid BIGINT NOT NULL, userid BIGINT NOT NULL
);

INSERT IGNORE INTO toolsync_talk_left (id)
SELECT cm.id
  FROM toolsync_group_talk c
  JOIN toolsync_membership_gone d ON d.groupid = c.groupid
  JOIN {message_conversation_members} cm ON cm.conversationid = c.conversationid AND cm.userid = d.userid;

INSERT INTO toolsync_talk_joined (conversationid, userid)
SELECT c.conversationid, w.userid
  FROM toolsync_group_talk c
  JOIN toolsync_membership_new w ON w.groupid = c.groupid
  LEFT JOIN ({message_conversation_members} cm LEFT JOIN toolsync_talk_left d ON d.id = cm.id)
         ON cm.conversationid = c.conversationid AND cm.userid = w.userid AND d.id IS NULL
 WHERE cm.id IS NULL;

DELETE gm FROM toolsync_membership_gone d STRAIGHT_JOIN {groups_members} gm ON gm.id = d.id;

-- chunks: toolsync_membership_new.seq
INSERT INTO {groups_members} (groupid, userid, timeadded, component, itemid)
SELECT w.groupid, w.userid, @now, w.component, w.itemid
  FROM toolsync_membership_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

UPDATE toolsync_group_dated d STRAIGHT_JOIN {groups} g ON g.id = d.id SET g.timemodified = @now;

DELETE cm FROM toolsync_talk_left d STRAIGHT_JOIN {message_conversation_members} cm ON cm.id = d.id;

-- chunks: toolsync_talk_joined.seq
INSERT INTO {message_conversation_members} (conversationid, userid, timecreated)
SELECT w.conversationid, w.userid, @now
  FROM toolsync_talk_joined w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'group_members' FROM toolsync_group_met t LIMIT 1;

-- Open quiz attempts: an override of a group that the person joins or leaves changes when they end.
DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_attempt;
CREATE TEMPORARY TABLE toolsync_quiz_attempt (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_quiz_attempt (id)
SELECT qa.id
  FROM toolsync_group_override o
  JOIN toolsync_membership_new w ON w.groupid = o.groupid
  JOIN {quiz_attempts} qa ON qa.quiz = o.quizid AND qa.userid = w.userid AND qa.state IN ('inprogress', 'overdue');

INSERT IGNORE INTO toolsync_quiz_attempt (id)
SELECT qa.id
  FROM toolsync_group_override o
  JOIN toolsync_membership_gone d ON d.groupid = o.groupid
  JOIN {quiz_attempts} qa ON qa.quiz = o.quizid AND qa.userid = d.userid AND qa.state IN ('inprogress', 'overdue');

{% include "shared/people/quiz_attempts.sql" %}
