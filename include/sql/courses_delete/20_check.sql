-- What must not go: courses that the graph does not know in all their parts, and what other courses live on.
{% set graph = course_graph() %}
{% include "shared/course/unknown.sql" %}

UPDATE toolsync_row r
  JOIN (SELECT u.courseid, GROUP_CONCAT(u.what ORDER BY u.what SEPARATOR ', ') AS what FROM toolsync_unknown u GROUP BY u.courseid) k ON k.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT('this course holds what Tool Sync does not know: ', k.what, ' (describe its tables beside include/course_graph/moodle.yaml)')
 WHERE r.status IS NULL;

{% if "question_references" in graph.tables %}
-- Questions of its question bank in a quiz of another course, named or drawn.
CREATE TEMPORARY TABLE toolsync_lent (courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, KEY (contextid));

-- when: toolsync_of_question_bank_entries
INSERT INTO toolsync_lent (courseid, contextid)
SELECT p.courseid, q.usingcontextid
  FROM toolsync_of_question_bank_entries p
  JOIN {question_references} q ON q.questionbankentryid = p.id;

-- when: toolsync_of_context
INSERT INTO toolsync_lent (courseid, contextid)
SELECT p.courseid, q.usingcontextid
  FROM toolsync_of_context p
  JOIN {question_set_references} q ON q.questionscontextid = p.id;

-- when: toolsync_lent
DELETE l FROM toolsync_lent l JOIN toolsync_of_context p ON p.id = l.contextid;

-- when: toolsync_lent
UPDATE toolsync_row r
  JOIN toolsync_lent l ON l.courseid = r.courseid
  JOIN {context} x ON x.id = l.contextid AND x.contextlevel = 70
  JOIN {course_modules} cm ON cm.id = x.instanceid
  JOIN {course} c ON c.id = cm.course
   SET r.status = 'failed',
       r.message = CONCAT('the course ', c.shortname, ' uses questions of this course''s question bank (activity ', cm.id, '): move them there first')
 WHERE r.status IS NULL;
{% endif %}

{% include "shared/approved.sql" %}

-- Refused courses keep all their rows.
CREATE TEMPORARY TABLE toolsync_refused (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_refused (courseid)
SELECT r.courseid FROM toolsync_row r WHERE r.status IS NOT NULL AND r.courseid IS NOT NULL;
{% for table in graph.mortal.root_to_leaf %}

-- when: toolsync_refused
DELETE p FROM {{ table.part }} p JOIN toolsync_refused x ON x.courseid = p.courseid;
{% endfor %}

{% include "shared/course/plan.sql" %}
