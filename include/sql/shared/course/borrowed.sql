{#
  Before Moodle 5.0, a course gets all question banks along from which its template's activities take questions: also those of course categories, unless the
  course lies below, and of other courses and their activities. Included by copy.sql.
  toolsync_borrowed (templateid, contextid): these banks. read_templates reads them as if they were the template's own.
  toolsync_not_borrowed (templateid, contextid, what): those with questions of a type that the course graph does not know. They are used from where they are.
#}
CREATE TEMPORARY TABLE toolsync_used_bank (templateid BIGINT NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (templateid, contextid));
{% set module_contexts %}
  FROM (SELECT DISTINCT c.templateid AS courseid FROM toolsync_copy c) s
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = s.courseid AND cm.deletioninprogress = 0
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 70 AND x.instanceid = cm.id
{%- endset %}

INSERT IGNORE INTO toolsync_used_bank (templateid, contextid)
SELECT s.courseid, k.contextid
{{- module_contexts }}
  STRAIGHT_JOIN {question_references} r {{ by_index("question_references", "usingcontextid") }} ON r.usingcontextid = x.id
  STRAIGHT_JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
  STRAIGHT_JOIN {question_categories} k ON k.id = e.questioncategoryid;

INSERT IGNORE INTO toolsync_used_bank (templateid, contextid)
SELECT s.courseid, r.questionscontextid
{{- module_contexts }}
  STRAIGHT_JOIN {question_set_references} r {{ by_index("question_set_references", "usingcontextid") }} ON r.usingcontextid = x.id;

CREATE TEMPORARY TABLE toolsync_borrowed (templateid BIGINT NOT NULL, contextid BIGINT NOT NULL, PRIMARY KEY (templateid, contextid));

-- when: toolsync_used_bank
INSERT INTO toolsync_borrowed (templateid, contextid)
SELECT DISTINCT w.templateid, w.contextid
  FROM toolsync_used_bank w
  JOIN {context} x ON x.id = w.contextid AND x.contextlevel IN (40, 50, 70)
  JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = w.templateid AND u.id <> x.id AND x.path NOT LIKE CONCAT(u.path, '/%')
  JOIN toolsync_copy c ON c.templateid = w.templateid
  JOIN {context} v ON v.contextlevel = 50 AND v.instanceid = c.courseid
 WHERE x.contextlevel <> 40 OR v.path NOT LIKE CONCAT(x.path, '/%');

CREATE TEMPORARY TABLE toolsync_not_borrowed (
    templateid BIGINT NOT NULL, contextid BIGINT NOT NULL, what VARCHAR(20) NOT NULL, PRIMARY KEY (templateid, contextid, what)
);

-- when: toolsync_borrowed
INSERT IGNORE INTO toolsync_not_borrowed (templateid, contextid, what)
SELECT b.templateid, b.contextid, q.qtype
  FROM toolsync_borrowed b
  STRAIGHT_JOIN {question_categories} k {{ by_index("question_categories", "contextid") }} ON k.contextid = b.contextid
  STRAIGHT_JOIN {question_bank_entries} e {{ by_index("question_bank_entries", "questioncategoryid") }} ON e.questioncategoryid = k.id
  STRAIGHT_JOIN {question_versions} v {{ by_index("question_versions", "questionbankentryid") }} ON v.questionbankentryid = e.id
  STRAIGHT_JOIN {question} q ON q.id = v.questionid
 WHERE q.qtype NOT IN ('{{ course_graph().kinds["question type"].known | join("', '") }}');

-- when: toolsync_not_borrowed
DELETE b FROM toolsync_borrowed b JOIN toolsync_not_borrowed n ON n.templateid = b.templateid AND n.contextid = b.contextid;
