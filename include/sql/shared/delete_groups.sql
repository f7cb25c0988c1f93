-- Delete the groups in toolsync_group_gone and the groupings in toolsync_grouping_gone, with everything that belongs to them.

-- Open attempts at quizzes with an override for one of these groups: without it, they end at another time.
DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_attempt;
CREATE TEMPORARY TABLE toolsync_quiz_attempt (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_quiz_attempt (id)
SELECT qa.id
  FROM toolsync_group_gone d
  JOIN {quiz_overrides} o ON o.groupid = d.groupid
  JOIN {quiz_attempts} qa ON qa.quiz = o.quiz AND qa.state IN ('inprogress', 'overdue');

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'overrides' FROM toolsync_group_gone d JOIN {quiz_overrides} o ON o.groupid = d.groupid LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'overrides' FROM toolsync_group_gone d JOIN {assign_overrides} o ON o.groupid = d.groupid LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'overrides' FROM toolsync_group_gone d JOIN {lesson_overrides} o ON o.groupid = d.groupid LIMIT 1;

DELETE o FROM {quiz_overrides} o JOIN toolsync_group_gone d ON d.groupid = o.groupid;
DELETE o FROM {assign_overrides} o JOIN toolsync_group_gone d ON d.groupid = o.groupid;
DELETE o FROM {lesson_overrides} o JOIN toolsync_group_gone d ON d.groupid = o.groupid;
DELETE e FROM {event} e JOIN toolsync_group_gone d ON d.groupid = e.groupid;
DELETE gg FROM {groupings_groups} gg JOIN toolsync_group_gone d ON d.groupid = gg.groupid;
DELETE gm FROM {groups_members} gm JOIN toolsync_group_gone d ON d.groupid = gm.groupid;

{% include "shared/people/quiz_attempts.sql" %}

-- The groups' conversations, with their messages and what people did with them.
DROP TEMPORARY TABLE IF EXISTS toolsync_conversation_gone;
CREATE TEMPORARY TABLE toolsync_conversation_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_conversation_gone (id)
SELECT c.id
  FROM toolsync_group_gone d
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = d.groupid;

DELETE a FROM toolsync_conversation_gone d
  JOIN {messages} m ON m.conversationid = d.id
  JOIN {message_user_actions} a ON a.messageid = m.id;

DELETE m FROM {messages} m JOIN toolsync_conversation_gone d ON d.id = m.conversationid;
DELETE m FROM {message_conversation_members} m JOIN toolsync_conversation_gone d ON d.id = m.conversationid;
DELETE a FROM {message_conversation_actions} a JOIN toolsync_conversation_gone d ON d.id = a.conversationid;
DELETE c FROM {message_conversations} c JOIN toolsync_conversation_gone d ON d.id = c.id;

DELETE f FROM {favourite} f
  JOIN toolsync_conversation_gone d ON d.id = f.itemid
 WHERE f.component = 'core_message' AND f.itemtype = 'message_conversations';

DROP TEMPORARY TABLE IF EXISTS toolsync_file_gone;
CREATE TEMPORARY TABLE toolsync_file_gone (id BIGINT NOT NULL PRIMARY KEY, draftid BIGINT NOT NULL);

INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.filearea, f.itemid)
  FROM toolsync_group_gone d
  JOIN {groups} g ON g.id = d.groupid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = g.courseid
  JOIN {files} f ON f.component = 'group' AND f.filearea IN ('description', 'icon') AND f.contextid = c.id AND f.itemid = g.id;

INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.itemid)
  FROM toolsync_grouping_gone d
  JOIN {groupings} g ON g.id = d.groupingid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = g.courseid
  JOIN {files} f ON f.component = 'grouping' AND f.filearea = 'description' AND f.contextid = c.id AND f.itemid = g.id;

{% include "shared/files_gone.sql" %}

DELETE gg FROM {groupings_groups} gg JOIN toolsync_grouping_gone d ON d.groupingid = gg.groupingid;

UPDATE {course} co
  JOIN {groupings} g ON g.courseid = co.id AND g.id = co.defaultgroupingid
  JOIN toolsync_grouping_gone d ON d.groupingid = g.id
   SET co.defaultgroupingid = 0;

UPDATE {course_modules} cm
  JOIN toolsync_grouping_gone d ON d.groupingid = cm.groupingid
   SET cm.groupingid = 0;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_group_gone d LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_grouping_gone d LIMIT 1;

DELETE g FROM {groups} g JOIN toolsync_group_gone d ON d.groupid = g.id;
DELETE g FROM {groupings} g JOIN toolsync_grouping_gone d ON d.groupingid = g.id;
