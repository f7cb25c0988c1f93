-- Activities that are complete with their grade and …
UPDATE {course_modules} SET completion = 2, completiongradeitemnumber = 0, completionview = 0 WHERE id IN (44, 45, 48, 51, 52, 55, 58, 60);
-- … work that was handed in: of a team that has, of one that has not, and nobody's; …
UPDATE {assign} SET completionsubmit = 1 WHERE id IN (5, 6);
UPDATE {assign_submission} SET status = 'draft' WHERE assignment = 5 AND userid = 0 AND groupid = 4;
INSERT INTO {assign_submission} (assignment, userid, groupid, timecreated, timemodified, status, attemptnumber, latest) VALUES (5, 0, 0, 1768480000, 1768480000, 'submitted', 0, 0);
-- … posts, entries, the end of a lesson, attempts; …
UPDATE {forum} SET completionposts = 2, completiondiscussions = 0, completionreplies = 0 WHERE id = 8;
UPDATE {data} SET completionentries = 1 WHERE id = 2;
UPDATE {glossary} SET completionentries = 0 WHERE id = 2;
UPDATE {lesson} SET completionendreached = 1, completiontimespent = 0 WHERE id = 2;
UPDATE {quiz} SET completionminattempts = 1 WHERE id = 2;
-- … a view, which nobody has had after the reset; and one to be passed, with a hidden grade.
UPDATE {course_modules} SET completionview = 1 WHERE id = 51;
INSERT INTO {course_modules_viewed} (coursemoduleid, userid, timecreated) VALUES (51, 3, 1768480000);
UPDATE {course_modules} SET completionpassgrade = 1 WHERE id = 60;
UPDATE {grade_items} SET gradepass = 60, hidden = 1 WHERE courseid = 3 AND itemmodule = 'h5pactivity';
UPDATE {grade_items} SET gradepass = 60 WHERE courseid = 3 AND itemmodule = 'assign';
