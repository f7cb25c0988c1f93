-- The quiz has to be passed. It shows marks after it has closed: until then its grades are hidden, which the gradebook does not know yet.
UPDATE {quiz} SET reviewmarks = 16, reviewmaxmarks = 16 WHERE id = 2;
UPDATE {grade_items} SET gradepass = 5, hidden = 0 WHERE id = 31;
-- An H5P activity with hidden grades; a glossary with visible ones; a lesson that has no grade to pass any more.
UPDATE {grade_items} SET gradepass = 50, hidden = 1 WHERE id = 34;
UPDATE {grade_items} SET gradepass = 2 WHERE id = 27;
UPDATE {course_modules} SET completion = 2, completiongradeitemnumber = 0, completionview = 0, completionpassgrade = IF(id = 56, 1, 0) WHERE id IN (51, 56, 58, 60);
UPDATE {glossary} SET completionentries = 0 WHERE id = 2;
UPDATE {lesson} SET completionendreached = 0, completiontimespent = 0 WHERE id = 2;
DELETE FROM {course_modules_completion} WHERE coursemoduleid IN (51, 56, 58, 60);
INSERT INTO {course_modules_completion} (coursemoduleid, userid, completionstate, overrideby, timemodified)
SELECT cm.id, g.userid, IF(cm.id = 51, 1, IF(g.finalgrade >= i.gradepass AND g.userid <> 5, 2, 3)), IF(cm.id = 51 AND g.userid = 4, 2, NULL), 1768480000
  FROM {course_modules} cm
  JOIN {modules} m ON m.id = cm.module
  JOIN {grade_items} i ON i.itemmodule = m.name AND i.iteminstance = cm.instance AND i.itemnumber = 0
  JOIN {grade_grades} g ON g.itemid = i.id AND g.finalgrade IS NOT NULL
 WHERE cm.id IN (51, 56, 58, 60)
 ORDER BY cm.id, g.userid;
-- Somebody whose grades the gradebook has not.
INSERT INTO {course_modules_completion} (coursemoduleid, userid, completionstate, timemodified) VALUES (51, 62, 3, 1768480000), (58, 62, 2, 1768480000), (60, 62, 2, 1768480000);
