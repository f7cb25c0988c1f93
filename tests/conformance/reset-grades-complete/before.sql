-- Two activities that are complete with their grade and a view; one that has to be passed. Of some people nothing is known, somebody is not complete, of somebody a teacher said so.
UPDATE {course_modules} SET completion = 2, completiongradeitemnumber = 0, completionview = IF(id = 58, 0, 1), completionpassgrade = IF(id = 58, 1, 0) WHERE id IN (52, 58, 60);
UPDATE {grade_items} SET gradepass = 60 WHERE courseid = 3 AND itemmodule = 'lesson';
UPDATE {lesson} SET completionendreached = 0, completiontimespent = 0 WHERE id = 2;
UPDATE {data} SET completionentries = 0 WHERE id = 2;
DELETE FROM {course_modules_completion} WHERE coursemoduleid IN (52, 58, 60);
DELETE FROM {course_modules_viewed} WHERE coursemoduleid IN (52, 60) AND userid = 5;
INSERT INTO {course_modules_completion} (coursemoduleid, userid, completionstate, overrideby, timemodified)
VALUES (52, 3, 0, 2, 1768480000), (52, 4, 0, NULL, 1768480000), (58, 3, 0, NULL, 1768480000), (58, 4, 1, 2, 1768480000), (60, 3, 0, 2, 1768480000), (60, 5, 0, NULL, 1768480000);
-- The quiz wants more attempts than anybody has. People tick off the SCORM package by hand.
UPDATE {quiz} SET completionminattempts = 3 WHERE id = 2;
DELETE FROM {course_modules_completion} WHERE coursemoduleid = 56 AND userid <> 3;
UPDATE {course_modules_completion} SET completionstate = 0 WHERE coursemoduleid = 56;
UPDATE {course_modules} SET completion = 1 WHERE id = 59;
