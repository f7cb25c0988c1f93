{# Fail the lines whose course, in toolsync_of_course, has questions that another course uses. #}
{% if "question_references" in course_graph().tables %}
-- Questions of its bank that an activity of another course uses, picked or drawn at random.
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

CREATE TEMPORARY TABLE toolsync_borrower (courseid BIGINT NOT NULL PRIMARY KEY, shortname VARCHAR(255) NOT NULL, moduleid BIGINT NOT NULL);

-- when: toolsync_lent
INSERT IGNORE INTO toolsync_borrower (courseid, shortname, moduleid)
SELECT l.courseid, c.shortname, cm.id
  FROM toolsync_lent l
  JOIN {context} x ON x.id = l.contextid AND x.contextlevel = 70
  JOIN {course_modules} cm ON cm.id = x.instanceid
  JOIN {course} c ON c.id = cm.course
 ORDER BY l.courseid, cm.id;

UPDATE toolsync_row r
  JOIN toolsync_borrower b ON b.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT('the course ', b.shortname, ' uses questions of this course''s question bank (activity ', b.moduleid, '): move them there first')
 WHERE r.status IS NULL;
{% endif %}
