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

-- The groups' conversations.
DROP TEMPORARY TABLE IF EXISTS toolsync_conversation_gone;
CREATE TEMPORARY TABLE toolsync_conversation_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_conversation_gone (id)
SELECT c.id
  FROM toolsync_group_gone d
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = d.groupid;

-- What goes with groups, with their conversations, and with groupings: the name of the table, and where its rows `x` are.
{% set parts = [
    ("quiz_overrides", ["toolsync_group_gone d JOIN {quiz_overrides} x ON x.groupid = d.groupid"]),
    ("assign_overrides", ["toolsync_group_gone d JOIN {assign_overrides} x ON x.groupid = d.groupid"]),
    ("lesson_overrides", ["toolsync_group_gone d JOIN {lesson_overrides} x ON x.groupid = d.groupid"]),
    ("event", ["toolsync_group_gone d JOIN {event} x ON x.groupid = d.groupid"]),
    ("groupings_groups", ["toolsync_group_gone d JOIN {groupings_groups} x ON x.groupid = d.groupid",
                          "toolsync_grouping_gone d JOIN {groupings_groups} x ON x.groupingid = d.groupingid"]),
    ("groups_members", ["toolsync_group_gone d JOIN {groups_members} x ON x.groupid = d.groupid"]),
    ("message_user_actions", ["toolsync_conversation_gone d JOIN {messages} m ON m.conversationid = d.id JOIN {message_user_actions} x ON x.messageid = m.id"]),
    ("messages", ["toolsync_conversation_gone d JOIN {messages} x ON x.conversationid = d.id"]),
    ("message_conversation_members", ["toolsync_conversation_gone d JOIN {message_conversation_members} x ON x.conversationid = d.id"]),
    ("message_conversation_actions", ["toolsync_conversation_gone d JOIN {message_conversation_actions} x ON x.conversationid = d.id"]),
    ("favourite", ["toolsync_conversation_gone d JOIN {favourite} x ON x.component = 'core_message' AND x.itemtype = 'message_conversations' AND x.itemid = d.id"]),
] %}
{% for name, sources in parts %}
DROP TEMPORARY TABLE IF EXISTS toolsync_lost_{{ name }};
CREATE TEMPORARY TABLE toolsync_lost_{{ name }} (id BIGINT NOT NULL PRIMARY KEY);

{% for source in sources %}
INSERT IGNORE INTO toolsync_lost_{{ name }} (id) SELECT x.id FROM {{ source }};
{% endfor %}

{% endfor %}
DROP TEMPORARY TABLE IF EXISTS toolsync_file_gone;
CREATE TEMPORARY TABLE toolsync_file_gone (id BIGINT NOT NULL PRIMARY KEY, draftid BIGINT NOT NULL);

-- when: toolsync_group_gone
INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.filearea, f.itemid)
  FROM toolsync_group_gone d
  JOIN {groups} g ON g.id = d.groupid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = g.courseid
  JOIN {files} f ON f.component = 'group' AND f.filearea IN ('description', 'icon') AND f.contextid = c.id AND f.itemid = g.id;

-- when: toolsync_grouping_gone
INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.itemid)
  FROM toolsync_grouping_gone d
  JOIN {groupings} g ON g.id = d.groupingid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = g.courseid
  JOIN {files} f ON f.component = 'grouping' AND f.filearea = 'description' AND f.contextid = c.id AND f.itemid = g.id;

-- What keeps a deleted grouping as its own.
DROP TEMPORARY TABLE IF EXISTS toolsync_course_ungrouped;
DROP TEMPORARY TABLE IF EXISTS toolsync_module_ungrouped;
CREATE TEMPORARY TABLE toolsync_course_ungrouped (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_module_ungrouped (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_course_ungrouped (id)
SELECT co.id
  FROM toolsync_grouping_gone d
  JOIN {groupings} g ON g.id = d.groupingid
  JOIN {course} co ON co.id = g.courseid AND co.defaultgroupingid = g.id;

INSERT IGNORE INTO toolsync_module_ungrouped (id)
SELECT cm.id
  FROM toolsync_grouping_gone d
  JOIN {course_modules} cm ON cm.groupingid = d.groupingid;

{% include "shared/files_gone.sql" %}
{% for name, sources in parts %}

DELETE x FROM toolsync_lost_{{ name }} d STRAIGHT_JOIN {{ table(name) }} x ON x.id = d.id;
{% endfor %}

DELETE c FROM toolsync_conversation_gone d STRAIGHT_JOIN {message_conversations} c ON c.id = d.id;

{% include "shared/people/quiz_attempts.sql" %}

UPDATE toolsync_course_ungrouped d STRAIGHT_JOIN {course} co ON co.id = d.id SET co.defaultgroupingid = 0;
UPDATE toolsync_module_ungrouped d STRAIGHT_JOIN {course_modules} cm ON cm.id = d.id SET cm.groupingid = 0;
DELETE g FROM toolsync_group_gone d STRAIGHT_JOIN {groups} g ON g.id = d.groupid;
DELETE g FROM toolsync_grouping_gone d STRAIGHT_JOIN {groupings} g ON g.id = d.groupingid;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_group_gone d LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_grouping_gone d LIMIT 1;
