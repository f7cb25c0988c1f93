{# `these`: the table of the courses, if only their content goes. #}
-- Rows that go with a course although no column leads from them to it.

-- Tags of the course from before they had a context.
-- when: toolsync_of_course
INSERT IGNORE INTO toolsync_of_tag_instance (id, courseid)
SELECT ti.id, p.courseid
  FROM toolsync_of_course p
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = p.id
 WHERE ti.contextid IS NULL;

CREATE TEMPORARY TABLE toolsync_of_tag (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- Tags that become unused, where Moodle deletes them at once. Its cron deletes those of other things.
-- when: toolsync_of_tag_instance
INSERT IGNORE INTO toolsync_of_tag (id, courseid)
SELECT t.id, MIN(p.courseid)
  FROM toolsync_of_tag_instance p
  JOIN {tag_instance} ti ON ti.id = p.id
  JOIN {tag} t ON t.id = ti.tagid AND t.isstandard = 0
 WHERE ti.component IN ('core_question', 'mod_wiki') OR ti.component = 'core' AND ti.itemtype IN ('course', 'course_modules')
 GROUP BY t.id;

CREATE TEMPORARY TABLE toolsync_tag_kept (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_of_tag
INSERT INTO toolsync_tag_kept (id)
SELECT DISTINCT g.id
  FROM toolsync_of_tag g
  JOIN {tag_instance} ti ON ti.tagid = g.id
  LEFT JOIN toolsync_of_tag_instance p ON p.id = ti.id
 WHERE p.id IS NULL;

-- when: toolsync_tag_kept
DELETE g FROM toolsync_of_tag g JOIN toolsync_tag_kept k ON k.id = g.id;

CREATE TEMPORARY TABLE toolsync_of_tag_correlation (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_of_tag
INSERT INTO toolsync_of_tag_correlation (id, courseid)
SELECT t.id, g.courseid FROM toolsync_of_tag g JOIN {tag_correlation} t ON t.tagid = g.id;

-- when: toolsync_of_tag
INSERT IGNORE INTO toolsync_of_files (id, courseid)
SELECT f.id, g.courseid
  FROM toolsync_of_tag g
  JOIN {context} x ON x.contextlevel = 10 AND x.instanceid = 0
  JOIN {files} f ON f.component = 'tag' AND f.filearea = 'description' AND f.contextid = x.id AND f.itemid = g.id;

-- Criteria of other courses that ask for the completion of this one.
-- when: toolsync_of_course
INSERT IGNORE INTO toolsync_of_course_completion_criteria (id, courseid)
SELECT t.id, p.id FROM {{ these if these is defined else "toolsync_of_course" }} p JOIN {course_completion_criteria} t ON t.criteriatype = 8 AND t.courseinstance = p.id;

-- People's preferences for its blocks and sections: hidden, docked, collapsed.
CREATE TEMPORARY TABLE toolsync_preference (name VARCHAR(255) NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_of_user_preferences (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);
{% for name, preference in [("block_instances", "CONCAT('block', p.id, 'hidden')"), ("block_instances", "CONCAT('docked_block_instance_', p.id)"),
                       ("course", "CONCAT('coursesectionspreferences_', p.id)")] %}

-- when: toolsync_of_{{ name }}
INSERT INTO toolsync_preference (name, courseid)
SELECT {{ preference }}, p.courseid FROM toolsync_of_{{ name }} p;
{% endfor %}

-- when: toolsync_preference
INSERT INTO toolsync_of_user_preferences (id, courseid)
SELECT u.id, n.courseid FROM {user_preferences} u JOIN toolsync_preference n ON n.name = u.name;

-- Aliases elsewhere to its files become files of their own.
{% from "shared/reference_hash.sql" import reference_hash with context %}
CREATE TEMPORARY TABLE toolsync_alias_hash (hash CHAR(40) NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_alias (id BIGINT NOT NULL PRIMARY KEY, referenceid BIGINT NOT NULL, courseid BIGINT NOT NULL, KEY (referenceid));

-- when: toolsync_of_files
INSERT IGNORE INTO toolsync_alias_hash (hash, courseid)
SELECT {{ reference_hash() }}, p.courseid
  FROM toolsync_of_files p
  JOIN {files} f ON f.id = p.id AND f.filename <> '.';

-- when: toolsync_alias_hash
INSERT INTO toolsync_alias (id, referenceid, courseid)
SELECT f.id, r.id, h.courseid
  FROM toolsync_alias_hash h
  JOIN {files_reference} r ON r.referencehash = h.hash
  JOIN {files} f ON f.referencefileid = r.id AND NOT (f.component = 'user' AND f.filearea = 'draft')
  LEFT JOIN toolsync_of_files p ON p.id = f.id
 WHERE p.id IS NULL;

-- So do files elsewhere that come from its own repositories: copies of what was downloaded last.
-- when: toolsync_of_repository_instances
INSERT IGNORE INTO toolsync_alias (id, referenceid, courseid)
SELECT f.id, r.id, g.courseid
  FROM toolsync_of_repository_instances g
  STRAIGHT_JOIN {files_reference} r {{ by_index("files_reference", "repositoryid") }} ON r.repositoryid = g.id
  STRAIGHT_JOIN {files} f {{ by_index("files", "referencefileid") }} ON f.referencefileid = r.id
  LEFT JOIN toolsync_of_files p ON p.id = f.id
 WHERE p.id IS NULL;

-- File references that nothing else uses.
CREATE TEMPORARY TABLE toolsync_of_files_reference (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_of_files
INSERT IGNORE INTO toolsync_of_files_reference (id, courseid)
SELECT f.referencefileid, MIN(p.courseid)
  FROM toolsync_of_files p
  JOIN {files} f ON f.id = p.id AND f.referencefileid IS NOT NULL
 GROUP BY f.referencefileid;

-- when: toolsync_alias
INSERT IGNORE INTO toolsync_of_files_reference (id, courseid)
SELECT a.referenceid, MIN(a.courseid) FROM toolsync_alias a GROUP BY a.referenceid;

CREATE TEMPORARY TABLE toolsync_reference_kept (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_of_files_reference
INSERT INTO toolsync_reference_kept (id)
SELECT DISTINCT g.id
  FROM toolsync_of_files_reference g
  JOIN {files} f ON f.referencefileid = g.id
  LEFT JOIN toolsync_of_files p ON p.id = f.id
  LEFT JOIN toolsync_alias a ON a.id = f.id
 WHERE p.id IS NULL AND a.id IS NULL;

-- when: toolsync_reference_kept
DELETE g FROM toolsync_of_files_reference g JOIN toolsync_reference_kept k ON k.id = g.id;
