-- What Moodle adds to the template's rows, or changes in them, in a copy. Included by copy.sql.

-- Every module and block gets a context, even if the template's has none yet.
CREATE TEMPORARY TABLE toolsync_context_new (contextlevel BIGINT NOT NULL, instanceid BIGINT NOT NULL, PRIMARY KEY (contextlevel, instanceid), KEY (instanceid));
{% for level, name in [(70, "course_modules"), (80, "block_instances")] %}

-- when: toolsync_copy_{{ name }}
INSERT INTO toolsync_context_new (contextlevel, instanceid)
SELECT {{ level }}, m.newid
  FROM toolsync_copy_{{ name }} m
  LEFT JOIN {context} x ON x.contextlevel = {{ level }} AND x.instanceid = m.newid
 WHERE m.seq > 0 AND x.id IS NULL;
{% endfor %}

-- when: toolsync_context_new
-- chunks: toolsync_context_new.instanceid
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT w.contextlevel, w.instanceid, 0 FROM toolsync_context_new w WHERE w.instanceid BETWEEN @first AND @last ORDER BY w.contextlevel, w.instanceid;

CREATE TEMPORARY TABLE toolsync_context_path (id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NULL, depth INT NOT NULL);

-- when: toolsync_copy_course_modules
INSERT INTO toolsync_context_path (id, path, depth)
SELECT x.id, CONCAT(u.path, '/', x.id), u.depth + 1
  FROM toolsync_copy_course_modules m
  STRAIGHT_JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = m.courseid
  STRAIGHT_JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = m.newid
 WHERE m.seq > 0;

-- Contexts of activities first: blocks can be shown in them.
UPDATE toolsync_context_path w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = w.depth;

-- when: toolsync_context_path
DELETE FROM toolsync_context_path;

-- when: toolsync_copy_block_instances
INSERT INTO toolsync_context_path (id, path, depth)
SELECT x.id, CONCAT(u.path, '/', x.id), u.depth + 1
  FROM toolsync_copy_block_instances m
  STRAIGHT_JOIN {block_instances} i ON i.id = m.newid
  STRAIGHT_JOIN {context} u ON u.id = i.parentcontextid
  STRAIGHT_JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = i.id
 WHERE m.seq > 0;

UPDATE toolsync_context_path w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = w.depth;

-- Modules that are missing in the sequence of their section come last.
CREATE TEMPORARY TABLE toolsync_unplaced (sectionid BIGINT NOT NULL PRIMARY KEY, modules LONGTEXT NOT NULL);

-- when: toolsync_copy_course_modules
INSERT INTO toolsync_unplaced (sectionid, modules)
SELECT s.id, GROUP_CONCAT(cm.id ORDER BY cm.id)
  FROM toolsync_copy_course_modules m
  JOIN {course_modules} cm ON cm.id = m.newid
  JOIN {course_sections} s ON s.id = cm.section
 WHERE m.seq > 0 AND NOT FIND_IN_SET(cm.id, COALESCE(s.sequence, ''))
 GROUP BY s.id;

-- when: toolsync_unplaced
UPDATE toolsync_unplaced w
  STRAIGHT_JOIN {course_sections} s ON s.id = w.sectionid
   SET s.sequence = IF(COALESCE(s.sequence, '') = '', w.modules, CONCAT(s.sequence, ',', w.modules));

-- A single-discussion forum gets a new discussion, because people's posts are not copied.
CREATE TEMPORARY TABLE toolsync_single (forumid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL, discussionid BIGINT NULL, postid BIGINT NULL);

-- when: toolsync_copy_forum
INSERT INTO toolsync_single (forumid, contextid)
SELECT f.id, x.id
  FROM toolsync_copy_forum m
  JOIN {forum} f ON f.id = m.newid AND f.type = 'single'
  JOIN {modules} k ON k.name = 'forum'
  JOIN {course_modules} cm ON cm.course = f.course AND cm.module = k.id AND cm.instance = f.id
  JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id
 WHERE m.seq > 0;

-- when: toolsync_single
-- chunks: toolsync_single.forumid
INSERT INTO {forum_discussions} (course, forum, name, firstpost, userid, groupid, assessed, timemodified, usermodified)
SELECT f.course, f.id, f.name, 0, @actor, -1, f.assessed, @now, @actor
  FROM toolsync_single s
  JOIN {forum} f ON f.id = s.forumid
 WHERE s.forumid BETWEEN @first AND @last
 ORDER BY f.id;

CREATE TEMPORARY TABLE toolsync_single_made (id BIGINT NOT NULL PRIMARY KEY, made BIGINT NOT NULL);

-- when: toolsync_single
INSERT IGNORE INTO toolsync_single_made (id, made)
SELECT s.forumid, d.id FROM toolsync_single s JOIN {forum_discussions} d ON d.forum = s.forumid;

UPDATE toolsync_single s JOIN toolsync_single_made d ON d.id = s.forumid SET s.discussionid = d.made;

CREATE TEMPORARY TABLE toolsync_single_text (forumid BIGINT NOT NULL PRIMARY KEY, words BIGINT NOT NULL, characters BIGINT NOT NULL);

-- python: count_words INTO toolsync_single_text
SELECT f.id, f.intro, f.introformat FROM toolsync_single s JOIN {forum} f ON f.id = s.forumid;

-- when: toolsync_single
-- chunks: toolsync_single.forumid
INSERT INTO {forum_posts} (discussion, parent, userid, created, modified, mailed, subject, message, messageformat, messagetrust, attachment, totalscore, mailnow
       {%- if site_has("forum_posts", "wordcount") %}, wordcount, charcount{% endif %})
SELECT s.discussionid, 0, @actor, @now, @now, 1, f.name, f.intro, f.introformat, 1, '', 0, 0
       {%- if site_has("forum_posts", "wordcount") %}, w.words, w.characters{% endif %}

  FROM toolsync_single s
  JOIN {forum} f ON f.id = s.forumid
  JOIN toolsync_single_text w ON w.forumid = s.forumid
 WHERE s.forumid BETWEEN @first AND @last
 ORDER BY s.discussionid;

-- when: toolsync_single_made
DELETE FROM toolsync_single_made;

-- when: toolsync_single
INSERT IGNORE INTO toolsync_single_made (id, made)
SELECT s.discussionid, p.id FROM toolsync_single s JOIN {forum_posts} p ON p.discussion = s.discussionid;

UPDATE toolsync_single s JOIN toolsync_single_made p ON p.id = s.discussionid SET s.postid = p.made;

UPDATE toolsync_single_made s STRAIGHT_JOIN {forum_discussions} d ON d.id = s.id SET d.firstpost = s.made;

CREATE TEMPORARY TABLE toolsync_single_file AS SELECT t.* FROM {files} t LIMIT 0;

-- when: toolsync_single
INSERT INTO toolsync_single_file
SELECT t.* FROM toolsync_single s JOIN {files} t ON t.contextid = s.contextid AND t.component = 'mod_forum' AND t.filearea = 'intro' AND t.itemid = 0;
{% set columns = columns_of("files") | reject("in", ["id"]) | list %}

-- when: toolsync_single_file
-- chunks: toolsync_single.forumid
INSERT INTO {files} ({{ columns | join(", ") }})
SELECT {% for column in columns %}{{ ", " if not loop.first }}{{ {"filearea": "'post'", "itemid": "s.postid",
       "pathnamehash": "SHA1(CONCAT('/', t.contextid, '/mod_forum/post/', s.postid, t.filepath, t.filename))"}.get(column, "t." ~ column) }}{% endfor %}

  FROM toolsync_single_file t
  JOIN toolsync_single s ON s.contextid = t.contextid
 WHERE s.forumid BETWEEN @first AND @last
 ORDER BY s.forumid, t.id;

-- The gradebook computes as the template's does.
-- when: toolsync_tpl_grade_items
-- chunks: toolsync_copy.courseid
INSERT INTO {grade_settings} (courseid, name, value)
SELECT c.courseid, 'minmaxtouse', COALESCE((SELECT k.value FROM {config} k WHERE k.name = 'grade_minmaxtouse'), '1')
  FROM toolsync_copy c
  LEFT JOIN {grade_settings} s ON s.courseid = c.courseid AND s.name = 'minmaxtouse'
 WHERE c.courseid BETWEEN @first AND @last AND s.id IS NULL{{ " AND NOT c.merging" if option.template_mode == "add" }}
 ORDER BY c.courseid;

-- when: toolsync_copy
-- chunks: toolsync_copy.courseid
INSERT INTO {config} (name, value)
SELECT CONCAT('gradebook_calculations_freeze_', c.courseid), k.value
  FROM toolsync_copy c
  JOIN {config} k ON k.name = CONCAT('gradebook_calculations_freeze_', c.templateid)
  LEFT JOIN {config} o ON o.name = CONCAT('gradebook_calculations_freeze_', c.courseid)
 WHERE c.courseid BETWEEN @first AND @last AND o.id IS NULL{{ " AND NOT c.merging" if option.template_mode == "add" }}
 ORDER BY c.courseid;

-- when: toolsync_copy
INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'settings' FROM toolsync_copy c JOIN {config} o ON o.name = CONCAT('gradebook_calculations_freeze_', c.courseid) LIMIT 1;

-- Each activity creates its own calendar events: as after a restore, Moodle's cron asks it to.
-- when: toolsync_copy_course_modules
-- chunks: toolsync_copy.courseid
INSERT INTO {task_adhoc} (component, classname, nextruntime, customdata, timecreated{{ ", attemptsavailable" if site_has("task_adhoc", "attemptsavailable") }})
SELECT '', '\\core\\task\\refresh_mod_calendar_events_task', @now, CONCAT('{"courseid":', c.courseid, '}'), @now{{ ", 12" if site_has("task_adhoc", "attemptsavailable") }}
  FROM toolsync_copy c
 WHERE c.courseid BETWEEN @first AND @last
 ORDER BY c.courseid;

{% if "badge_criteria_param" in course_copies().content.tables %}
-- The names of badge criteria's parameters contain ids of activities, or of the course.
CREATE TEMPORARY TABLE toolsync_badge_param (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);

-- when: toolsync_copy_badge_criteria_param
INSERT INTO toolsync_badge_param (id, name)
SELECT n.id, CONCAT(SUBSTRING_INDEX(n.name, '_', 1), '_', CASE k.criteriatype WHEN 1 THEN COALESCE(v.newid, 0) WHEN 2 THEN n.value ELSE m.courseid END)
  FROM toolsync_copy_badge_criteria_param m
  JOIN {badge_criteria_param} n ON n.id = m.newid
  JOIN {badge_criteria} k ON k.id = n.critid AND k.criteriatype IN (1, 2, 4)
  LEFT JOIN toolsync_copy_course_modules v ON v.courseid = m.courseid AND v.oldid = IF(k.criteriatype = 1 AND n.name REGEXP '_[1-9][0-9]{0,17}$', SUBSTRING_INDEX(n.name, '_', -1) + 0, NULL)
 WHERE m.seq > 0;

UPDATE toolsync_badge_param w STRAIGHT_JOIN {badge_criteria_param} n ON n.id = w.id SET n.name = w.name;
{% endif %}
{% if site_has("ltiservice_gradebookservices", "resourceid") %}

-- Line items of external tools that are older than the table.
-- when: toolsync_copy_lti
-- chunks: toolsync_copy_lti.seq
INSERT INTO {ltiservice_gradebookservices} (gradeitemid, courseid, toolproxyid, ltilinkid, typeid, baseurl, resourceid)
SELECT i.id, l.course, y.toolproxyid, l.id, y.id, y.baseurl, i.idnumber
  FROM toolsync_copy_lti m
  JOIN {lti} l ON l.id = m.newid
  JOIN {lti_types} y ON y.id = l.typeid
  JOIN {grade_items} i ON i.courseid = l.course AND i.itemtype = 'mod' AND i.itemmodule = 'lti' AND i.iteminstance = l.id
  LEFT JOIN {ltiservice_gradebookservices} g ON g.gradeitemid = i.id
 WHERE m.seq > 0 AND m.seq BETWEEN @first AND @last AND g.id IS NULL
 ORDER BY i.id;
{% endif %}

-- Grade items with the same sortorder: like Moodle, move the later ones down.
CREATE TEMPORARY TABLE toolsync_item_place (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

-- when: toolsync_copy_grade_items
INSERT INTO toolsync_item_place (id, sortorder)
SELECT w.id, w.place
  FROM (SELECT v.id, v.sortorder, v.sortorder + SUM(v.shared) OVER (PARTITION BY v.courseid ORDER BY v.sortorder, v.id) - v.shared AS place
          FROM (SELECT i.id, i.courseid, i.sortorder, COUNT(*) OVER (PARTITION BY i.courseid, i.sortorder) > 1 AS shared
                  FROM toolsync_copy c
                  JOIN {grade_items} i ON i.courseid = c.courseid) v) w
 WHERE w.sortorder <> w.place;

UPDATE toolsync_item_place p STRAIGHT_JOIN {grade_items} i ON i.id = p.id SET i.sortorder = p.sortorder;

-- Lesson answers that are plain text.
CREATE TEMPORARY TABLE toolsync_plain_answer (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_copy_lesson_answers
INSERT INTO toolsync_plain_answer (id)
SELECT n.id
  FROM toolsync_copy_lesson_answers m
  JOIN {lesson_answers} n ON n.id = m.newid AND n.answerformat <> 0
  JOIN {lesson_pages} p ON p.id = n.pageid AND p.qtype IN (1, 8, 20)
 WHERE m.seq > 0;

UPDATE toolsync_plain_answer w
  STRAIGHT_JOIN {lesson_answers} n ON n.id = w.id
   SET n.answer = REGEXP_REPLACE(n.answer, '<[^>]*>', ''), n.answerformat = 0;

-- Moodle's backup creates the missing contexts of the template's modules, and the folder of its course backups. So do we.
CREATE TEMPORARY TABLE toolsync_template_context (contextid BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, depth BIGINT NOT NULL, path VARCHAR(255) NOT NULL);

INSERT INTO toolsync_template_context (contextid, courseid, depth, path)
SELECT x.id, s.courseid, x.depth, x.path FROM toolsync_template s JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = s.courseid;

DELETE FROM toolsync_context_new;

-- when: toolsync_tpl_course_modules
INSERT INTO toolsync_context_new (contextlevel, instanceid)
SELECT 70, t.id FROM toolsync_tpl_course_modules t LEFT JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = t.id WHERE x.id IS NULL;

-- when: toolsync_tpl_course_modules
-- chunks: toolsync_context_new.instanceid
INSERT IGNORE INTO {context} (contextlevel, instanceid, depth)
SELECT w.contextlevel, w.instanceid, 0 FROM toolsync_context_new w WHERE w.instanceid BETWEEN @first AND @last ORDER BY w.instanceid;

-- when: toolsync_tpl_course_modules
UPDATE toolsync_context_new w
  STRAIGHT_JOIN toolsync_tpl_course_modules cm ON cm.id = w.instanceid
  STRAIGHT_JOIN toolsync_template_context u ON u.courseid = cm.toolsync_course
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = w.contextlevel AND x.instanceid = w.instanceid
   SET x.path = CONCAT(u.path, '/', x.id), x.depth = u.depth + 1;

-- chunks: toolsync_template_context.contextid
INSERT INTO {files} (contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, timecreated, timemodified)
SELECT SHA1(''), SHA1(CONCAT('/', u.contextid, '/backup/course/0/.')), u.contextid, 'backup', 'course', 0, '/', '.', @actor, 0, @now, @now
  FROM toolsync_template_context u
  LEFT JOIN {files} f ON f.pathnamehash = SHA1(CONCAT('/', u.contextid, '/backup/course/0/.'))
 WHERE f.id IS NULL AND u.contextid BETWEEN @first AND @last
 ORDER BY u.contextid;

-- Forums with automatic subscription subscribe the people who are in the course.
CREATE TEMPORARY TABLE toolsync_subscriber (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

-- when: toolsync_merging
-- when: toolsync_tpl_forum
INSERT IGNORE INTO toolsync_subscriber (courseid, userid)
SELECT g.courseid, ue.userid
  FROM toolsync_merging g
  JOIN {enrol} e ON e.courseid = g.courseid AND e.status = 0
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.status = 0 AND ue.timestart < @now AND (ue.timeend = 0 OR ue.timeend > @now)
  JOIN {user} u ON u.id = ue.userid AND u.deleted = 0 AND u.suspended = 0 AND u.confirmed = 1 AND u.auth <> 'nologin';

{% with only_forums="toolsync_copy_forum" %}{% include "shared/people/forums.sql" %}{% endwith %}

-- people_tables.sql creates it again, for the people whom the line itself enrols.
DROP TEMPORARY TABLE toolsync_subscriber;
