{#
  Before Moodle 5.0 a course has a question bank of its own. Categories and questions that it has already, by their stamps, stand for the template's; nothing of
  them changes. Included by merge.sql.
  toolsync_same_question_categories, toolsync_same_question: these, with the ids of the template's.
#}
{% set copies = course_copies() %}
CREATE TEMPORARY TABLE toolsync_same_question_categories (
    courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid), KEY (newid)
);

-- Banks of course categories above the course stand for themselves.
-- when: toolsync_borrowed
INSERT INTO toolsync_same_question_categories (courseid, oldid, newid)
SELECT c.courseid, k.id, k.id
  FROM toolsync_borrowed b
  JOIN {context} x ON x.id = b.contextid AND x.contextlevel = 40
  JOIN toolsync_copy c ON c.templateid = b.templateid
  JOIN {context} v ON v.contextlevel = 50 AND v.instanceid = c.courseid AND v.path LIKE CONCAT(x.path, '/%')
  JOIN {question_categories} k ON k.contextid = x.id;

-- when: toolsync_merging
-- when: toolsync_tpl_question_categories
INSERT IGNORE INTO toolsync_same_question_categories (courseid, oldid, newid)
SELECT g.courseid, t.id, o.id
  FROM toolsync_merging g
  JOIN toolsync_tpl_question_categories t ON t.toolsync_course = g.templateid
  JOIN {question_categories} o ON o.contextid = g.contextid AND o.stamp = t.stamp;

-- The bank gets its top category, also on the way of questions to activities.
CREATE TEMPORARY TABLE toolsync_bank_top (contextid BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_tpl_question_categories
INSERT INTO toolsync_bank_top (contextid)
SELECT DISTINCT x.id
  FROM toolsync_tpl_question_categories t
  JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.courseid
  LEFT JOIN toolsync_same_question_categories s ON s.courseid = c.courseid AND s.oldid = t.id
  LEFT JOIN {question_categories} o ON o.contextid = x.id AND o.parent = 0
 WHERE s.oldid IS NULL AND o.id IS NULL;

-- chunks: toolsync_bank_top.contextid
INSERT INTO {question_categories} (name, contextid, info, infoformat, stamp, parent, sortorder)
SELECT 'top', w.contextid, '', 0, CONCAT('toolsync+', UUID()), 0, 0
  FROM toolsync_bank_top w
 WHERE w.contextid BETWEEN @first AND @last
 ORDER BY w.contextid;

-- when: toolsync_tpl_question_categories
INSERT IGNORE INTO toolsync_same_question_categories (courseid, oldid, newid)
SELECT c.courseid, t.id, MIN(o.id)
  FROM toolsync_tpl_question_categories t
  JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = t.toolsync_course AND u.id = t.contextid
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.courseid
  JOIN {question_categories} o ON o.contextid = x.id AND o.parent = 0
 WHERE t.parent = 0
 GROUP BY c.courseid, t.id;

-- when: toolsync_same_question_categories
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'question_categories', s.courseid, s.oldid, s.newid FROM toolsync_same_question_categories s;

-- All new categories pass through the course's bank. Where that has the stamp or idnumber already, a category gets another stamp, and no idnumber.
CREATE TEMPORARY TABLE toolsync_stamp_taken (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
CREATE TEMPORARY TABLE toolsync_idnumber_taken (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
{% for column in ["stamp", "idnumber"] %}

-- when: toolsync_tpl_question_categories
INSERT INTO toolsync_{{ column }}_taken (courseid, oldid)
SELECT w.courseid, w.id
  FROM (SELECT c.courseid, t.id, o.id AS taken, ROW_NUMBER() OVER (PARTITION BY c.courseid, t.{{ column }} ORDER BY t.id) AS place
          FROM toolsync_tpl_question_categories t
          JOIN toolsync_copy c ON c.templateid = t.toolsync_course
          JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.courseid
          LEFT JOIN toolsync_same_question_categories s ON s.courseid = c.courseid AND s.oldid = t.id
          LEFT JOIN {question_categories} o ON o.contextid = x.id AND o.{{ column }} = t.{{ column }}
         WHERE s.oldid IS NULL AND t.parent <> 0 AND t.{{ column }} IS NOT NULL) w
 WHERE w.taken IS NOT NULL OR w.place > 1;
{% endfor %}

-- Questions that the categories hold which stand for the template's.
CREATE TEMPORARY TABLE toolsync_question_there (
    categoryid BIGINT NOT NULL, id BIGINT NOT NULL, stamp VARCHAR(255) NOT NULL, PRIMARY KEY (categoryid, stamp, id)
);

-- when: toolsync_same_question_categories
INSERT IGNORE INTO toolsync_question_there (categoryid, id, stamp)
SELECT s.newid, q.id, q.stamp
  FROM toolsync_same_question_categories s
  STRAIGHT_JOIN {question_bank_entries} e {{ by_index("question_bank_entries", "questioncategoryid") }} ON e.questioncategoryid = s.newid
  STRAIGHT_JOIN {question_versions} v {{ by_index("question_versions", "questionbankentryid") }} ON v.questionbankentryid = e.id
  STRAIGHT_JOIN {question} q ON q.id = v.questionid;

CREATE TEMPORARY TABLE toolsync_same_question (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));

-- when: toolsync_question_there
-- when: toolsync_tpl_question
INSERT INTO toolsync_same_question (courseid, oldid, newid)
SELECT c.courseid, t.id, MAX(o.id)
  FROM toolsync_copy c
  STRAIGHT_JOIN toolsync_tpl_question_versions v ON v.toolsync_course = c.templateid
  STRAIGHT_JOIN toolsync_tpl_question t ON t.toolsync_course = v.toolsync_course AND t.id = v.questionid
  STRAIGHT_JOIN toolsync_tpl_question_bank_entries e ON e.toolsync_course = v.toolsync_course AND e.id = v.questionbankentryid
  STRAIGHT_JOIN toolsync_same_question_categories s ON s.courseid = c.courseid AND s.oldid = e.questioncategoryid
  STRAIGHT_JOIN toolsync_question_there o ON o.categoryid = s.newid AND o.stamp = t.stamp AND BINARY o.stamp = BINARY t.stamp
 WHERE t.qtype <> 'random'
 GROUP BY c.courseid, t.id;

-- when: toolsync_same_question
INSERT INTO toolsync_merged (name, courseid, oldid, newid) SELECT 'question', s.courseid, s.oldid, s.newid FROM toolsync_same_question s;

-- Entries whose first version is one of these. Later versions that are new then go into the entry that is there.
CREATE TEMPORARY TABLE toolsync_first_version (toolsync_course BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (toolsync_course, id));

-- when: toolsync_same_question
INSERT INTO toolsync_first_version (toolsync_course, id)
SELECT v.toolsync_course, MIN(v.id) FROM toolsync_tpl_question_versions v GROUP BY v.toolsync_course, v.questionbankentryid;

-- when: toolsync_same_question
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'question_bank_entries', s.courseid, v.questionbankentryid, MIN(o.questionbankentryid)
  FROM toolsync_first_version w
  STRAIGHT_JOIN toolsync_tpl_question_versions v ON v.toolsync_course = w.toolsync_course AND v.id = w.id
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = v.toolsync_course
  STRAIGHT_JOIN toolsync_same_question s ON s.courseid = c.courseid AND s.oldid = v.questionid
  STRAIGHT_JOIN {question_versions} o {{ by_index("question_versions", "questionid") }} ON o.questionid = s.newid
 GROUP BY s.courseid, v.questionbankentryid;

-- when: toolsync_same_question
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'question_versions', s.courseid, v.id, NULL
  FROM toolsync_tpl_question_versions v
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = v.toolsync_course
  STRAIGHT_JOIN toolsync_same_question s ON s.courseid = c.courseid AND s.oldid = v.questionid;

-- What belongs to these questions is there, too.
{% set parts = ["question"] %}
{% for node, link in copies.of_questions %}
{% set name = "toolsync_same_" ~ node.name %}
{% if node.name not in parts %}
{% set _ = parts.append(node.name) %}

CREATE TEMPORARY TABLE {{ name }} (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
{% endif %}

-- when: toolsync_same_{{ link.table }}
-- when: toolsync_tpl_{{ node.name }}
INSERT IGNORE INTO {{ name }} (courseid, oldid)
SELECT s.courseid, t.id
  FROM toolsync_tpl_{{ node.name }} t
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  STRAIGHT_JOIN toolsync_same_{{ link.table }} s ON s.courseid = c.courseid AND s.oldid = {{ link.named }}{{ link.condition }};

-- when: {{ name }}
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid) SELECT '{{ node.name }}', s.courseid, s.oldid, NULL FROM {{ name }} s;
{% endfor %}
{% for name in ["files", "tag_instance"] %}
{% for link in copies.content.tables[name].refs if link.table in parts %}

-- when: toolsync_same_{{ link.table }}
-- when: toolsync_tpl_{{ name }}
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid)
SELECT '{{ name }}', s.courseid, t.id, NULL
  FROM toolsync_tpl_{{ name }} t
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  STRAIGHT_JOIN toolsync_same_{{ link.table }} s ON s.courseid = c.courseid AND s.oldid = {{ link.named }}{{ link.condition }};
{% endfor %}
{% endfor %}

-- Datasets of calculated questions: only of new questions. These share the one that their category has, if it is large enough.
CREATE TEMPORARY TABLE toolsync_dataset_used (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
CREATE TEMPORARY TABLE toolsync_same_dataset (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NULL, PRIMARY KEY (courseid, oldid));

-- when: toolsync_same_question
-- when: toolsync_tpl_question_datasets
INSERT IGNORE INTO toolsync_dataset_used (courseid, oldid)
SELECT c.courseid, t.datasetdefinition
  FROM toolsync_tpl_question_datasets t
  JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  LEFT JOIN toolsync_same_question s ON s.courseid = c.courseid AND s.oldid = t.question
 WHERE s.oldid IS NULL;

-- when: toolsync_same_question
-- when: toolsync_tpl_question_dataset_definitions
INSERT INTO toolsync_same_dataset (courseid, oldid, newid)
SELECT c.courseid, t.id, IF(u.oldid IS NULL, NULL, MIN(o.id))
  FROM toolsync_tpl_question_dataset_definitions t
  JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  LEFT JOIN toolsync_dataset_used u ON u.courseid = c.courseid AND u.oldid = t.id
  LEFT JOIN toolsync_same_question_categories s ON s.courseid = c.courseid AND s.oldid = t.category
  LEFT JOIN {question_dataset_definitions} o ON o.category = s.newid AND o.name = t.name AND o.type = t.type AND o.itemcount >= t.itemcount
 WHERE u.oldid IS NULL OR o.id IS NOT NULL
 GROUP BY c.courseid, t.id, u.oldid;

-- when: toolsync_same_dataset
INSERT INTO toolsync_merged (name, courseid, oldid, newid) SELECT 'question_dataset_definitions', s.courseid, s.oldid, s.newid FROM toolsync_same_dataset s;

-- when: toolsync_same_dataset
-- when: toolsync_tpl_question_dataset_items
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'question_dataset_items', s.courseid, t.id, NULL
  FROM toolsync_tpl_question_dataset_items t
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  STRAIGHT_JOIN toolsync_same_dataset s ON s.courseid = c.courseid AND s.oldid = t.definition;
