-- The template is C107 (9), which gets a quiz of TPL1 (2), and the question bank of that course.
UPDATE {course_sections} SET sequence = '6,11,16,21,26,28' WHERE course = 2 AND section = 2;
UPDATE {course_sections} SET sequence = CONCAT_WS(',', NULLIF(sequence, ''), '61') WHERE course = 9 AND section = 0;
UPDATE {course_modules} m JOIN {course_sections} s ON s.course = 9 AND s.section = 0 SET m.course = 9, m.section = s.id WHERE m.id = 61;
UPDATE {context} x JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = 9 SET x.path = CONCAT(u.path, '/', x.id), x.depth = u.depth + 1 WHERE x.contextlevel = 70 AND x.instanceid = 61;
UPDATE {quiz} SET course = 9 WHERE id = 3;
UPDATE {grade_items} i JOIN {grade_categories} k ON k.courseid = 9 SET i.courseid = 9, i.categoryid = k.id WHERE i.id = 26;
UPDATE {question_categories} k JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = 9 SET k.contextid = u.id WHERE k.id IN (5, 6, 7);
UPDATE {question_set_references} r JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = 9 SET r.questionscontextid = u.id WHERE r.itemid IN (20, 21);
-- Two questions go into the bank of the template's category, with an idnumber that the template's own bank has, too.
DELETE e, v FROM {question_bank_entries} e JOIN {question_versions} v ON v.questionbankentryid = e.id WHERE e.id BETWEEN 13 AND 20 OR e.id BETWEEN 33 AND 40;
INSERT INTO {question_categories} (name, contextid, info, infoformat, stamp, parent, sortorder)
SELECT 'top', x.id, '', 0, 'lend+1', 0, 0 FROM {context} x JOIN {course} c ON c.id = 9 WHERE x.contextlevel = 40 AND x.instanceid = c.category;
UPDATE {question_categories} k JOIN {question_categories} t ON t.stamp = 'lend+1' SET k.contextid = t.contextid, k.parent = t.id, k.idnumber = 'SUBTPL1' WHERE k.id = 4;
-- The quiz uses one of them, one of two of C101's bank, one of its own course, and draws from the category's bank and its own.
UPDATE {question_references} SET questionbankentryid = 11 WHERE itemid = 18;
UPDATE {question_references} SET questionbankentryid = 32 WHERE itemid = 19;
UPDATE {question_set_references} r JOIN {question_categories} k ON k.id = 4 SET r.questionscontextid = k.contextid, r.filtercondition = REPLACE(r.filtercondition, '[7]', '[4]') WHERE r.itemid = 21;
