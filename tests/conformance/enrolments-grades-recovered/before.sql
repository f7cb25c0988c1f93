UPDATE {config} SET value = '1' WHERE name = 'recovergradesdefault';
UPDATE {config_plugins} SET value = '0' WHERE plugin = 'enrol_meta' AND name = 'unenrolaction';
UPDATE {assign} SET `completionsubmit` = 1 WHERE id = 5;
UPDATE {assign} SET `completionsubmit` = 1 WHERE id = 6;
UPDATE {assign_grades} SET `timemodified` = 1768500000, `grade` = 91.00000 WHERE id = 4;
UPDATE {course_modules} SET `completiongradeitemnumber` = 0 WHERE id = 43;
UPDATE {course_modules} SET `completion` = 2, `completiongradeitemnumber` = 0 WHERE id = 44;
UPDATE {course_modules} SET `completion` = 2, `completiongradeitemnumber` = 0 WHERE id = 45;
UPDATE {course_modules} SET `completiongradeitemnumber` = 0 WHERE id = 51;
UPDATE {course_modules} SET `completionview` = 1 WHERE id = 56;
UPDATE {course_modules} SET `completiongradeitemnumber` = 0 WHERE id = 58;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 79;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 82;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 83;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 84;
UPDATE {course_modules_completion} SET `completionstate` = 2, `timemodified` = 1769000002 WHERE id = 85;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 95;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 96;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 98;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 99;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 100;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 101;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 133;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 134;
UPDATE {course_modules_completion} SET `completionstate` = 0, `timemodified` = 1769000002 WHERE id = 135;
INSERT INTO {course_modules_completion} (`id`, `coursemoduleid`, `userid`, `completionstate`, `overrideby`, `timemodified`) VALUES
(218, 44, 3, 0, NULL, 1769000002),
(219, 48, 3, 1, NULL, 1769000001),
(220, 51, 3, 0, NULL, 1769000002),
(221, 58, 3, 0, NULL, 1769000002),
(222, 44, 4, 0, NULL, 1769000002),
(223, 48, 4, 1, NULL, 1769000002),
(224, 51, 4, 0, NULL, 1769000002),
(225, 44, 6, 0, NULL, 1769000002),
(226, 48, 6, 1, NULL, 1769000002),
(227, 51, 6, 0, NULL, 1769000002),
(228, 44, 7, 0, NULL, 1769000002),
(229, 48, 7, 1, NULL, 1769000002),
(230, 51, 7, 0, NULL, 1769000002),
(231, 58, 7, 0, NULL, 1769000002),
(232, 44, 8, 0, NULL, 1769000002),
(233, 48, 8, 1, NULL, 1769000002),
(234, 44, 9, 3, NULL, 1769000002),
(235, 48, 9, 1, NULL, 1769000002),
(236, 58, 9, 1, NULL, 1769000002);
INSERT INTO {course_modules_viewed} (`id`, `coursemoduleid`, `userid`, `timecreated`) VALUES
(224, 56, 3, 1768400000),
(225, 56, 4, 1768400000),
(226, 56, 6, 1768400000),
(227, 56, 7, 1768400000),
(228, 56, 8, 1768400000);
DELETE FROM {forum_digests} WHERE id IN (1, 2);
DELETE FROM {forum_read} WHERE id IN (1, 2, 4, 5, 6);
DELETE FROM {forum_subscriptions} WHERE id IN (1, 4, 8, 11, 20, 30, 31, 33, 34, 35);
DELETE FROM {grade_grades} WHERE id IN (24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 149, 150, 151, 152, 153, 154, 155);
UPDATE {grade_grades} SET `rawscaleid` = 5, `usermodified` = 2, `finalgrade` = 3.00000, `feedback` = 'Well done', `feedbackformat` = 1, `timemodified` = 1769000001, `aggregationstatus` = 'used', `aggregationweight` = 0.00314 WHERE id = 90;
UPDATE {grade_grades} SET `usermodified` = 2, `finalgrade` = 11.00000, `overridden` = 1769000001, `feedback` = 'Well done', `feedbackformat` = 1, `timemodified` = 1769000001, `aggregationweight` = 0.10478 WHERE id = 91;
UPDATE {grade_grades} SET `usermodified` = 2, `finalgrade` = 11.00000, `feedback` = 'Well done', `timemodified` = 1769000001 WHERE id = 156;
INSERT INTO {grade_grades} (`id`, `itemid`, `userid`, `rawgrade`, `rawgrademax`, `rawgrademin`, `rawscaleid`, `usermodified`, `finalgrade`, `hidden`, `locked`, `locktime`, `exported`, `overridden`, `excluded`, `feedback`, `feedbackformat`, `information`, `informationformat`, `timecreated`, `timemodified`, `aggregationstatus`, `aggregationweight`, `deductedmark`) VALUES
(752, 53, 9, NULL, 100.00000, 0.00000, NULL, 2, 35.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0, NULL, 1769000001, 'used', 1.00000, 0.00000);
DELETE FROM {grade_grades_history} WHERE id IN (26, 28, 38, 39, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 62, 64, 67, 68, 69, 73, 74, 75, 78, 80, 82, 83, 84, 85, 86, 87, 90, 91, 92, 93, 96, 118, 119, 120, 122, 129, 130, 139, 143, 145, 147, 148, 149, 158, 165, 166, 329, 330, 335, 336, 337, 338, 339, 341, 342, 344, 345, 368, 399, 401, 403, 405, 406, 407, 413, 415, 418, 425, 429, 430, 431, 433, 435, 441, 445, 446, 447, 449, 455, 459, 460, 461, 473, 475, 477, 479, 489, 491, 493, 495, 496, 497, 498, 499, 500, 501, 502, 503, 505, 507, 509, 511, 513, 515, 517, 519, 531, 535, 536, 537, 539, 547, 549, 555, 557, 558, 559, 560, 561, 569, 573, 574, 575, 581, 585, 586, 587, 593, 594, 643, 660, 662, 663, 664, 665, 689, 691, 692, 693, 694);
INSERT INTO {grade_grades_history} (`id`, `action`, `oldid`, `source`, `timemodified`, `loggeduser`, `itemid`, `userid`, `rawgrade`, `rawgrademax`, `rawgrademin`, `rawscaleid`, `usermodified`, `finalgrade`, `hidden`, `locked`, `locktime`, `exported`, `overridden`, `excluded`, `feedback`, `feedbackformat`, `information`, `informationformat`) VALUES
(1824, 2, 111, 'gradebook', 1768995001, 2, 37, 3, NULL, 20.00000, 0.00000, NULL, 2, 1.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1825, 2, 127, 'compute', 1768995001, 2, 39, 3, NULL, 100.00000, 0.00000, NULL, NULL, 2.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1826, 2, 110, 'aggregation', 1768995001, 2, 36, 3, NULL, 100.00000, 0.00000, NULL, NULL, 29.50000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1827, 2, 112, 'aggregation', 1768995001, 2, 21, 3, NULL, 687.00000, 0.00000, NULL, NULL, 296.53685, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1828, 2, 126, 'gradebook', 1768995001, 2, 38, 3, NULL, 3.00000, 1.00000, 5, 2, 1.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1829, 2, 127, 'gradebook', 1768995001, 2, 39, 3, NULL, 100.00000, 0.00000, NULL, 2, 1.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1830, 2, 112, 'aggregation', 1768995001, 2, 21, 3, NULL, 687.00000, 0.00000, NULL, NULL, 295.99521, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1831, 1, 747, 'gradebook', 1768995001, 2, 53, 3, NULL, 100.00000, 0.00000, NULL, 2, 30.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1832, 2, 145, 'gradebook', 1768995001, 2, 38, 4, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1834, 2, 146, 'gradebook', 1768995001, 2, 39, 4, NULL, 100.00000, 0.00000, NULL, 2, 3.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1836, 1, 748, 'gradebook', 1768995001, 2, 53, 4, NULL, 100.00000, 0.00000, NULL, 2, 31.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1837, 2, 150, 'gradebook', 1768995001, 2, 37, 6, NULL, 20.00000, 0.00000, NULL, 2, 5.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1838, 2, 40, 'compute', 1768995001, 2, 39, 6, NULL, 100.00000, 0.00000, NULL, NULL, 10.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1841, 2, 39, 'gradebook', 1768995001, 2, 38, 6, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1843, 2, 40, 'gradebook', 1768995001, 2, 39, 6, NULL, 100.00000, 0.00000, NULL, 2, 5.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1845, 1, 749, 'gradebook', 1768995001, 2, 53, 6, NULL, 100.00000, 0.00000, NULL, 2, 32.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1855, 2, 154, 'gradebook', 1768995001, 2, 37, 8, NULL, 20.00000, 0.00000, NULL, 2, 9.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1856, 2, 74, 'compute', 1768995001, 2, 39, 8, NULL, 100.00000, 0.00000, NULL, NULL, 18.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1859, 2, 73, 'gradebook', 1768995001, 2, 38, 8, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1861, 2, 74, 'gradebook', 1768995001, 2, 39, 8, NULL, 100.00000, 0.00000, NULL, 2, 9.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1863, 1, 751, 'gradebook', 1768995001, 2, 53, 8, NULL, 100.00000, 0.00000, NULL, 2, 34.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1864, 2, 156, 'gradebook', 1768995001, 2, 37, 9, NULL, 20.00000, 0.00000, NULL, 2, 11.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1865, 2, 91, 'compute', 1768995001, 2, 39, 9, NULL, 100.00000, 0.00000, NULL, NULL, 22.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1868, 2, 90, 'gradebook', 1768995001, 2, 38, 9, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1870, 2, 91, 'gradebook', 1768995001, 2, 39, 9, NULL, 100.00000, 0.00000, NULL, 2, 11.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1872, 1, 752, 'gradebook', 1768995001, 2, 53, 9, NULL, 100.00000, 0.00000, NULL, 2, 35.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1873, 2, 128, 'gradebook', 1768995001, 2, 22, 4, 45.00000, 100.00000, 0.00000, NULL, 2, 77.00000, 0, 0, 0, 0, 1769000001, 0, 'By hand', 1, NULL, 2),
(1876, 2, 109, NULL, 1768995001, 2, 22, 3, 40.00000, 100.00000, 0.00000, NULL, 38, 40.00000, 1, 0, 0, 0, 0, 1768400001, '<p>Feedback for u001</p>', 1, NULL, 2),
(1877, 2, 110, 'aggregation', 1768995002, 2, 36, 3, NULL, 100.00000, 0.00000, NULL, NULL, 5.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1878, 2, 112, 'aggregation', 1768995002, 2, 21, 3, NULL, 687.00000, 0.00000, NULL, NULL, 282.72502, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1879, 1, 753, 'system', 1768995002, 2, 45, 3, NULL, 100.00000, 0.00000, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1880, 2, 753, 'aggregation', 1768995002, 2, 45, 3, NULL, 100.00000, 0.00000, NULL, NULL, 30.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1891, 3, 753, 'userdelete', 1769000002, 2, 45, 3, NULL, 100.00000, 0.00000, NULL, NULL, 30.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1892, 3, 747, 'userdelete', 1769000002, 2, 53, 3, NULL, 100.00000, 0.00000, NULL, 2, 30.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1893, 3, 112, 'userdelete', 1769000002, 2, 21, 3, NULL, 687.00000, 0.00000, NULL, NULL, 282.72502, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1894, 3, 109, 'userdelete', 1769000002, 2, 22, 3, 40.00000, 100.00000, 0.00000, NULL, 38, 40.00000, 1, 0, 0, 0, 0, 1768400001, '<p>Feedback for u001</p>', 1, NULL, 2),
(1895, 3, 113, 'userdelete', 1769000002, 2, 23, 3, 44.00000, 50.00000, 0.00000, NULL, 38, 44.00000, 0, 0, 0, 0, 0, 0, '<p>Team feedback</p>', 1, NULL, 2),
(1896, 3, 114, 'userdelete', 1769000002, 2, 24, 3, 66.66667, 100.00000, 0.00000, NULL, 38, 66.66667, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 2),
(1899, 3, 117, 'userdelete', 1769000002, 2, 27, 3, 5.00000, 10.00000, 0.00000, NULL, 38, 5.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1900, 3, 118, 'userdelete', 1769000002, 2, 28, 3, 1.00000, 5.00000, 0.00000, NULL, 38, 1.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1901, 3, 119, 'userdelete', 1769000002, 2, 29, 3, 45.33334, 80.00000, 0.00000, NULL, 38, 45.33334, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 2),
(1902, 3, 120, 'userdelete', 1769000002, 2, 30, 3, 20.00000, 20.00000, 0.00000, NULL, 38, 20.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1903, 3, 121, 'userdelete', 1769000002, 2, 31, 3, 3.50000, 10.00000, 0.00000, NULL, 38, 3.50000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1904, 3, 122, 'userdelete', 1769000002, 2, 32, 3, 50.00000, 100.00000, 0.00000, NULL, 3, 50.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1905, 3, 123, 'userdelete', 1769000002, 2, 33, 3, 1.00000, 9.00000, 0.00000, NULL, 3, 1.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1906, 3, 124, 'userdelete', 1769000002, 2, 34, 3, 75.00000, 100.00000, 0.00000, NULL, 3, 75.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1908, 3, 110, 'userdelete', 1769000002, 2, 36, 3, NULL, 100.00000, 0.00000, NULL, NULL, 5.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1909, 3, 111, 'userdelete', 1769000002, 2, 37, 3, NULL, 20.00000, 0.00000, NULL, 2, 1.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1910, 3, 126, 'userdelete', 1769000002, 2, 38, 3, NULL, 3.00000, 1.00000, 5, 2, 1.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1911, 3, 127, 'userdelete', 1769000002, 2, 39, 3, NULL, 100.00000, 0.00000, NULL, 2, 1.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1913, 3, 748, 'userdelete', 1769000002, 2, 53, 4, NULL, 100.00000, 0.00000, NULL, 2, 31.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1915, 3, 128, 'userdelete', 1769000002, 2, 22, 4, 45.00000, 100.00000, 0.00000, NULL, 2, 77.00000, 0, 0, 0, 0, 1769000001, 0, 'By hand', 1, NULL, 2),
(1916, 3, 132, 'userdelete', 1769000002, 2, 23, 4, 44.00000, 50.00000, 0.00000, NULL, 38, 44.00000, 0, 0, 0, 0, 0, 0, '<p>Team feedback</p>', 1, NULL, 2),
(1920, 3, 136, 'userdelete', 1769000002, 2, 27, 4, 6.00000, 10.00000, 0.00000, NULL, 38, 6.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1921, 3, 137, 'userdelete', 1769000002, 2, 28, 4, 2.00000, 5.00000, 0.00000, NULL, 38, 2.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1922, 3, 138, 'userdelete', 1769000002, 2, 29, 4, 53.33334, 80.00000, 0.00000, NULL, 38, 53.33334, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 2),
(1923, 3, 139, 'userdelete', 1769000002, 2, 30, 4, 20.00000, 20.00000, 0.00000, NULL, 38, 20.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1924, 3, 140, 'userdelete', 1769000002, 2, 31, 4, 8.12500, 10.00000, 0.00000, NULL, 38, 8.12500, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1925, 3, 141, 'userdelete', 1769000002, 2, 32, 4, 50.00000, 100.00000, 0.00000, NULL, 4, 50.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1926, 3, 142, 'userdelete', 1769000002, 2, 33, 4, 1.00000, 9.00000, 0.00000, NULL, 4, 1.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1927, 3, 143, 'userdelete', 1769000002, 2, 34, 4, 75.00000, 100.00000, 0.00000, NULL, 4, 75.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1930, 3, 130, 'userdelete', 1769000002, 2, 37, 4, NULL, 20.00000, 0.00000, NULL, 38, 9.00000, 1, 1768470231, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1931, 3, 145, 'userdelete', 1769000002, 2, 38, 4, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1932, 3, 146, 'userdelete', 1769000002, 2, 39, 4, NULL, 100.00000, 0.00000, NULL, 2, 3.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1934, 3, 749, 'userdelete', 1769000002, 2, 53, 6, NULL, 100.00000, 0.00000, NULL, 2, 32.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1936, 3, 149, 'userdelete', 1769000002, 2, 22, 6, 55.00000, 100.00000, 0.00000, NULL, 38, 55.00000, 0, 0, 0, 0, 0, 0, '<p>Feedback for u004</p>', 1, NULL, 2),
(1937, 3, 26, 'userdelete', 1769000002, 2, 23, 6, 44.00000, 50.00000, 0.00000, NULL, 38, 44.00000, 0, 0, 0, 0, 0, 0, '<p>Team feedback</p>', 1, NULL, 2),
(1939, 3, 24, 'userdelete', 1769000002, 2, 25, 6, 5.00000, 10.00000, 0.00000, NULL, 2, 5.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1940, 3, 28, 'userdelete', 1769000002, 2, 26, 6, 65.00000, 100.00000, 0.00000, NULL, 38, 65.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1941, 3, 29, 'userdelete', 1769000002, 2, 27, 6, 8.00000, 10.00000, 0.00000, NULL, 38, 8.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1942, 3, 30, 'userdelete', 1769000002, 2, 28, 6, 4.00000, 5.00000, 0.00000, NULL, 38, 4.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1943, 3, 31, 'userdelete', 1769000002, 2, 29, 6, 69.33334, 80.00000, 0.00000, NULL, 38, 69.33334, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 2),
(1944, 3, 32, 'userdelete', 1769000002, 2, 30, 6, 20.00000, 20.00000, 0.00000, NULL, 38, 20.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1945, 3, 33, 'userdelete', 1769000002, 2, 31, 6, 6.62500, 10.00000, 0.00000, NULL, 38, 6.62500, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1946, 3, 34, 'userdelete', 1769000002, 2, 32, 6, 50.00000, 100.00000, 0.00000, NULL, 6, 50.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1947, 3, 35, 'userdelete', 1769000002, 2, 33, 6, 1.00000, 9.00000, 0.00000, NULL, 6, 1.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1948, 3, 36, 'userdelete', 1769000002, 2, 34, 6, 75.00000, 100.00000, 0.00000, NULL, 6, 75.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1951, 3, 150, 'userdelete', 1769000002, 2, 37, 6, NULL, 20.00000, 0.00000, NULL, 2, 5.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1952, 3, 39, 'userdelete', 1769000002, 2, 38, 6, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1953, 3, 40, 'userdelete', 1769000002, 2, 39, 6, NULL, 100.00000, 0.00000, NULL, 2, 5.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2),
(1976, 3, 751, 'userdelete', 1769000002, 2, 53, 8, NULL, 100.00000, 0.00000, NULL, 2, 34.00000, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0),
(1978, 3, 153, 'userdelete', 1769000002, 2, 22, 8, 65.00000, 100.00000, 0.00000, NULL, 38, 65.00000, 0, 0, 0, 0, 0, 0, '<p>Feedback for u006</p>', 1, NULL, 2),
(1979, 3, 60, 'userdelete', 1769000002, 2, 23, 8, 44.00000, 50.00000, 0.00000, NULL, 38, 44.00000, 0, 0, 0, 0, 0, 0, '<p>Team feedback</p>', 1, NULL, 2),
(1981, 3, 58, 'userdelete', 1769000002, 2, 25, 8, 7.00000, 10.00000, 0.00000, NULL, 2, 7.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1982, 3, 62, 'userdelete', 1769000002, 2, 26, 8, 75.00000, 100.00000, 0.00000, NULL, 38, 75.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1983, 3, 63, 'userdelete', 1769000002, 2, 27, 8, 5.00000, 10.00000, 0.00000, NULL, 38, 5.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1987, 3, 67, 'userdelete', 1769000002, 2, 31, 8, 8.12500, 10.00000, 0.00000, NULL, 38, 8.12500, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1988, 3, 68, 'userdelete', 1769000002, 2, 32, 8, 50.00000, 100.00000, 0.00000, NULL, 8, 50.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1989, 3, 69, 'userdelete', 1769000002, 2, 33, 8, 1.00000, 9.00000, 0.00000, NULL, 8, 1.00000, 0, 0, 0, 0, 0, 0, NULL, 2, NULL, 2),
(1993, 3, 154, 'userdelete', 1769000002, 2, 37, 8, NULL, 20.00000, 0.00000, NULL, 2, 9.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1994, 3, 73, 'userdelete', 1769000002, 2, 38, 8, NULL, 3.00000, 1.00000, 5, 2, 3.00000, 0, 0, 0, 0, 0, 0, 'Well done', 1, NULL, 2),
(1995, 3, 74, 'userdelete', 1769000002, 2, 39, 8, NULL, 100.00000, 0.00000, NULL, 2, 9.00000, 0, 0, 0, 0, 1769000001, 0, 'Well done', 1, NULL, 2);
UPDATE {grade_items} SET `gradepass` = 50.00000 WHERE id = 23;
UPDATE {grade_items} SET `gradepass` = 50.00000 WHERE id = 24;
UPDATE {grade_items} SET `grademax` = 100.00000, `timemodified` = 1769000002 WHERE id = 45;
INSERT INTO {grade_items} (`id`, `courseid`, `categoryid`, `itemname`, `itemtype`, `itemmodule`, `iteminstance`, `itemnumber`, `iteminfo`, `idnumber`, `calculation`, `gradetype`, `grademax`, `grademin`, `scaleid`, `outcomeid`, `gradepass`, `multfactor`, `plusfactor`, `aggregationcoef`, `aggregationcoef2`, `sortorder`, `display`, `decimals`, `hidden`, `locked`, `locktime`, `needsupdate`, `weightoverride`, `timecreated`, `timemodified`) VALUES
(53, 6, 8, 'Essay', 'manual', NULL, NULL, 0, NULL, NULL, NULL, 1, 100.00000, 0.00000, NULL, NULL, 0.00000, 1.00000, 0.00000, 0.00000, 1.00000, 2, 0, NULL, 0, 0, 0, 0, 0, 1769000001, 1769000002);
UPDATE {groups} SET `timemodified` = 1769000002 WHERE id = 3;
DELETE FROM {groups_members} WHERE id IN (1, 2, 4, 5, 6);
DELETE FROM {message_conversation_members} WHERE id IN (61, 62, 64, 65, 66);
DELETE FROM {role_assignments} WHERE id IN (4, 5, 7, 8, 9, 47, 48, 50, 51, 52, 93, 94, 95);
DELETE FROM {scorm_attempt} WHERE id IN (5);
DELETE FROM {user_enrolments} WHERE id IN (1, 2, 4, 5, 6, 7, 44, 45, 47, 48, 49);
INSERT INTO {user_enrolments} (`id`, `status`, `enrolid`, `userid`, `timestart`, `timeend`, `modifierid`, `timecreated`, `timemodified`) VALUES
(125, 0, 5, 9, 0, 0, 2, 1769000002, 1769000002);
DELETE FROM {user_lastaccess} WHERE id IN (1, 2, 4, 5, 6);
