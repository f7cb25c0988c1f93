-- What a site that has been upgraded for years has, and a new Moodle 5.1 has not. Every scenario changes the same rows on it: make test SITE=upgraded.
-- The schema of a 4.1 that its own CLI upgraded to 4.5 and 5.1 is that of a new 5.1, to the last index. What follows is older, was changed by hand, or stayed.

-- Plugins that left core and stayed on the site, with an activity of each on the front page.
CREATE TABLE mdl_chat (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, course bigint NOT NULL DEFAULT 0, name varchar(255) NOT NULL DEFAULT '', intro longtext NOT NULL,
    introformat smallint NOT NULL DEFAULT 0, keepdays bigint NOT NULL DEFAULT 0, studentlogs smallint NOT NULL DEFAULT 0, chattime bigint NOT NULL DEFAULT 0,
    schedule smallint NOT NULL DEFAULT 0, timemodified bigint NOT NULL DEFAULT 0, KEY (course));
CREATE TABLE mdl_chat_users (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, chatid bigint NOT NULL DEFAULT 0, userid bigint NOT NULL DEFAULT 0, groupid bigint NOT NULL DEFAULT 0,
    version varchar(16) NOT NULL DEFAULT '', ip varchar(45) NOT NULL DEFAULT '', firstping bigint NOT NULL DEFAULT 0, lastping bigint NOT NULL DEFAULT 0,
    lastmessageping bigint NOT NULL DEFAULT 0, sid varchar(32) NOT NULL DEFAULT '', course bigint NOT NULL DEFAULT 0, lang varchar(30) NOT NULL DEFAULT '',
    KEY (chatid), KEY (course), KEY (groupid), KEY (userid));
CREATE TABLE mdl_chat_messages (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, chatid bigint NOT NULL DEFAULT 0, userid bigint NOT NULL DEFAULT 0, groupid bigint NOT NULL DEFAULT 0,
    issystem tinyint NOT NULL DEFAULT 0, message longtext NOT NULL, timestamp bigint NOT NULL DEFAULT 0, KEY (chatid), KEY (groupid), KEY (userid));
CREATE TABLE mdl_chat_messages_current LIKE mdl_chat_messages;
CREATE TABLE mdl_survey (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, course bigint NOT NULL DEFAULT 0, template bigint NOT NULL DEFAULT 0, days mediumint NOT NULL DEFAULT 0,
    timecreated bigint NOT NULL DEFAULT 0, timemodified bigint NOT NULL DEFAULT 0, name varchar(255) NOT NULL DEFAULT '', intro longtext NOT NULL,
    introformat smallint NOT NULL DEFAULT 0, questions varchar(255) NOT NULL DEFAULT '', completionsubmit tinyint NOT NULL DEFAULT 0, KEY (course));
CREATE TABLE mdl_survey_answers (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, userid bigint NOT NULL DEFAULT 0, survey bigint NOT NULL DEFAULT 0, question bigint NOT NULL DEFAULT 0,
    time bigint NOT NULL DEFAULT 0, answer1 longtext NOT NULL, answer2 longtext NOT NULL, KEY (question), KEY (survey), KEY (userid));
CREATE TABLE mdl_survey_analysis (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, survey bigint NOT NULL DEFAULT 0, userid bigint NOT NULL DEFAULT 0, notes longtext NOT NULL,
    KEY (survey), KEY (userid));
CREATE TABLE mdl_survey_questions (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, text varchar(255) NOT NULL DEFAULT '', shorttext varchar(30) NOT NULL DEFAULT '',
    multi varchar(100) NOT NULL DEFAULT '', intro varchar(50) NOT NULL DEFAULT '', type smallint NOT NULL DEFAULT 0, options longtext);
CREATE TABLE mdl_assignment (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, course bigint NOT NULL DEFAULT 0, name varchar(255) NOT NULL DEFAULT '', intro longtext NOT NULL,
    introformat smallint NOT NULL DEFAULT 0, assignmenttype varchar(50) NOT NULL DEFAULT '', maxbytes bigint NOT NULL DEFAULT 100000,
    timedue bigint NOT NULL DEFAULT 0, timeavailable bigint NOT NULL DEFAULT 0, grade bigint NOT NULL DEFAULT 0, timemodified bigint NOT NULL DEFAULT 0, KEY (course));
CREATE TABLE mdl_assignment_submissions (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, assignment bigint NOT NULL DEFAULT 0, userid bigint NOT NULL DEFAULT 0, timecreated bigint NOT NULL DEFAULT 0,
    timemodified bigint NOT NULL DEFAULT 0, grade bigint NOT NULL DEFAULT 0, submissioncomment longtext NOT NULL, teacher bigint NOT NULL DEFAULT 0,
    timemarked bigint NOT NULL DEFAULT 0, KEY (assignment), KEY (userid));
INSERT INTO mdl_modules (id, name, cron, lastcron, search, visible) VALUES (9001, 'assignment', 60, 0, '', 0), (9002, 'chat', 300, 0, '', 1), (9003, 'survey', 0, 0, '', 1);
INSERT INTO mdl_assignment (id, course, name, intro, assignmenttype) VALUES (1, 1, 'Old assignment', '', 'upload');
INSERT INTO mdl_chat (id, course, name, intro) VALUES (1, 1, 'Meeting', '');
INSERT INTO mdl_survey (id, course, template, name, intro, questions) VALUES (1, 0, 0, 'collesaname', 'collesaintro', '25'), (2, 1, 1, 'COLLES', '', '25');
INSERT INTO mdl_course_modules (id, course, module, instance, section, added, idnumber, availability)
VALUES (9001, 1, 9001, 1, 41, 1, NULL, ''), (9002, 1, 9002, 1, 41, 1, NULL, ''), (9003, 1, 9003, 2, 41, 1, NULL, '');
INSERT INTO mdl_context (id, contextlevel, instanceid, path, depth) VALUES (9001, 70, 9001, '/1/2/9001', 3), (9002, 70, 9002, '/1/2/9002', 3), (9003, 70, 9003, '/1/2/9003', 3);

-- Columns in another order and with more room, indexes with other names.
ALTER TABLE mdl_course MODIFY cacherev bigint NOT NULL DEFAULT 0 AFTER id, MODIFY summary longtext AFTER showcompletionconditions;
ALTER TABLE mdl_course_categories MODIFY theme varchar(50) DEFAULT NULL AFTER id, MODIFY name varchar(1000) NOT NULL DEFAULT '' AFTER path;
ALTER TABLE mdl_course_modules MODIFY availability longtext AFTER course, MODIFY idnumber varchar(255) DEFAULT NULL AFTER score;
ALTER TABLE mdl_course_sections MODIFY sequence longtext AFTER id;
ALTER TABLE mdl_enrol MODIFY customint2 bigint DEFAULT NULL AFTER id, MODIFY name varchar(255) DEFAULT NULL AFTER customtext4;
ALTER TABLE mdl_groups MODIFY timemodified bigint NOT NULL DEFAULT 0 AFTER courseid, MODIFY name varchar(255) NOT NULL DEFAULT '' AFTER enrolmentkey;
ALTER TABLE mdl_user MODIFY firstname varchar(255) NOT NULL DEFAULT '' AFTER timemodified, MODIFY city varchar(255) NOT NULL DEFAULT '' AFTER id;
ALTER TABLE mdl_user_enrolments MODIFY modifierid bigint NOT NULL DEFAULT 0 AFTER id;
ALTER TABLE mdl_role_assignments RENAME INDEX mdl_roleassi_useconrol_ix TO roleassi_old, RENAME INDEX mdl_roleassi_con_ix TO mdl_roleassi_con2_ix;
ALTER TABLE mdl_course RENAME INDEX mdl_cour_cat_ix TO category;

-- Values that nothing writes any more: of columns that were added later, and of settings that are gone. Not where a scenario expects the value of a new site.
UPDATE mdl_course SET cacherev = 1400000000;
UPDATE mdl_course_sections SET sequence = NULL WHERE sequence = '' AND course IN (6, 7);
UPDATE mdl_enrol SET customint2 = NULL WHERE customint2 = 0;
UPDATE mdl_cohort SET theme = NULL;
UPDATE mdl_event SET timesort = NULL WHERE modulename IN ('', '0') AND courseid NOT IN (2, 3);
UPDATE mdl_grade_items SET idnumber = NULL WHERE idnumber = '' AND courseid NOT IN (2, 3);
UPDATE mdl_user SET lastnamephonetic = NULL, firstnamephonetic = NULL, alternatename = NULL, moodlenetprofile = NULL, timecreated = 0 WHERE COALESCE(middlename, '') = '';
UPDATE mdl_user SET timezone = '0.0' WHERE username = 'admin';
UPDATE mdl_config SET value = '0' WHERE name = 'timezone';
UPDATE mdl_config SET value = CONCAT(value, ',mnet,authorize') WHERE name = 'enrol_plugins_enabled';
INSERT INTO mdl_config (id, name, value) VALUES (9001, 'gradebook_calculations_freeze_1', '20160518'), (9002, 'gradebook_calculations_freeze_99', '20150619');
INSERT INTO mdl_config_plugins (id, plugin, name, value) VALUES (9001, 'enrol_mnet', 'roleid', '5');

-- Rows of what is gone: a course, an account, a role, a cohort, a block.
INSERT INTO mdl_enrol (id, enrol, status, courseid, sortorder, roleid, customint1) VALUES (9001, 'manual', 0, 99, 0, 5, NULL), (9002, 'meta', 0, 99, 1, 0, 98), (9003, 'cohort', 0, 99, 2, 5, 97);
INSERT INTO mdl_user_enrolments (id, status, enrolid, userid, timestart, timeend, modifierid) VALUES (9001, 0, 9001, 3, 0, 2147483647, 0), (9002, 0, 9002, 4, 0, 0, 0), (9003, 0, 9003, 999, 0, 0, 0);
INSERT INTO mdl_role_assignments (id, roleid, contextid, userid, timemodified, modifierid, component, itemid, sortorder) VALUES (9001, 5, 999, 999, 0, 0, '', 0, 0), (9002, 99, 1, 999, 0, 0, '', 0, 0);
INSERT INTO mdl_cohort_members (id, cohortid, userid, timeadded) VALUES (9001, 97, 999, 1);
INSERT INTO mdl_course_format_options (id, courseid, format, sectionid, name, value) VALUES (9001, 99, 'scorm', 0, 'numsections', '10');
INSERT INTO mdl_block_instances (id, blockname, parentcontextid, showinsubcontexts, requiredbytheme, pagetypepattern, subpagepattern, defaultregion, defaultweight, configdata, timecreated, timemodified)
VALUES (9001, 'community', 1, 1, 0, '*', NULL, 'side-pre', 9, NULL, 0, 0);
INSERT INTO mdl_user_lastaccess (id, userid, courseid, timeaccess) VALUES (9001, 999, 99, 1);
INSERT INTO mdl_tag_instance (id, tagid, component, itemtype, itemid, contextid, tiuserid, ordering, timecreated, timemodified) VALUES (9001, 1, 'core', 'course', 99, NULL, 0, 0, 0, 0);
