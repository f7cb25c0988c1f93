REPLACE INTO mdl_block_instances (`id`, `blockname`, `parentcontextid`, `showinsubcontexts`, `requiredbytheme`, `pagetypepattern`, `subpagepattern`, `defaultregion`, `defaultweight`, `configdata`, `timecreated`, `timemodified`) VALUES
  (26, 'html', 185, 1, 0, 'course-index-*', NULL, 'side-pre', 0, '', 1767225600, 1767225600),
  (27, 'html', 186, 1, 0, 'course-index-*', NULL, 'side-pre', 0, '', 1767225600, 1767225600);
REPLACE INTO mdl_block_positions (`id`, `blockinstanceid`, `contextid`, `pagetype`, `subpage`, `visible`, `region`, `weight`) VALUES
  (3, 26, 185, 'course-index-category', '', 1, 'side-pre', 2),
  (4, 27, 186, 'course-index-category', '', 1, 'side-pre', 2);
REPLACE INTO mdl_cohort (`id`, `contextid`, `name`, `idnumber`, `description`, `descriptionformat`, `visible`, `component`, `timecreated`, `timemodified`, `theme`) VALUES
  (5, 178, 'Deep cohort', 'DEEP', '', 1, 1, '', 1767225600, 1767225600, '');
REPLACE INTO mdl_comments (`id`, `contextid`, `component`, `commentarea`, `itemid`, `content`, `format`, `userid`, `timecreated`) VALUES
  (16, 185, 'block_comments', 'page_comments', 0, 'nice', 1, 7, 1700000000),
  (17, 186, 'block_comments', 'page_comments', 0, 'nice', 1, 7, 1700000000);
REPLACE INTO mdl_competency_framework (`id`, `shortname`, `contextid`, `idnumber`, `description`, `descriptionformat`, `scaleid`, `scaleconfiguration`, `visible`, `taxonomies`, `timecreated`, `timemodified`, `usermodified`) VALUES
  (2, 'Deep framework', 181, 'DEEPF', '', 1, 1, '[{\"scaleid\":\"1\"},{\"id\":1,\"scaledefault\":1,\"proficient\":1}]', 1, '', 1767225600, 1767225600, 2);
REPLACE INTO mdl_competency_template (`id`, `shortname`, `contextid`, `description`, `descriptionformat`, `visible`, `duedate`, `timecreated`, `timemodified`, `usermodified`) VALUES
  (2, 'Deep template', 182, '', 1, 1, 0, 1767225600, 1767225600, 2);
REPLACE INTO mdl_contentbank_content (`id`, `name`, `contenttype`, `contextid`, `visibility`, `instanceid`, `configdata`, `usercreated`, `usermodified`, `timecreated`, `timemodified`) VALUES
  (3, 'A set', 'contenttype_h5p', 179, 1, NULL, '', 2, 2, 1767225600, 1767225600);
REPLACE INTO mdl_context (`id`, `contextlevel`, `instanceid`, `path`, `depth`, `locked`) VALUES
  (177, 40, 11, '/1/177', 2, 0),
  (178, 40, 12, '/1/177/178', 3, 0),
  (179, 40, 13, '/1/177/179', 3, 0),
  (180, 40, 14, '/1/177/180', 3, 0),
  (181, 40, 15, '/1/177/181', 3, 0),
  (182, 40, 16, '/1/177/182', 3, 0),
  (183, 40, 17, '/1/177/183', 3, 0),
  (184, 40, 18, '/1/177/184', 3, 0),
  (185, 40, 19, '/1/185', 2, 0),
  (186, 40, 20, '/1/185/186', 3, 0),
  (187, 40, 21, '/1/185/186/187', 4, 0),
  (188, 80, 26, '/1/185/188', 3, 0),
  (189, 80, 27, '/1/185/186/189', 4, 0);
REPLACE INTO mdl_course_categories (`id`, `name`, `idnumber`, `description`, `descriptionformat`, `parent`, `sortorder`, `coursecount`, `visible`, `visibleold`, `timemodified`, `depth`, `path`, `theme`) VALUES
  (11, 'Keepers', 'KEEP', '', 1, 0, 110000, 0, 1, 1, 1767225600, 1, '/11', NULL),
  (12, 'Only a cohort', 'K-COH', '', 1, 11, 120000, 0, 1, 1, 1767225600, 2, '/11/12', NULL),
  (13, 'Content bank only', 'K-BANK', '', 1, 11, 130000, 0, 1, 1, 1767225600, 2, '/11/13', NULL),
  (14, 'Questions only', 'K-QUE', '', 1, 11, 140000, 0, 1, 1, 1767225600, 2, '/11/14', NULL),
  (15, 'Framework only', 'K-FRA', '', 1, 11, 150000, 0, 1, 1, 1767225600, 2, '/11/15', NULL),
  (16, 'Template only', 'K-PLA', '', 1, 11, 160000, 0, 1, 1, 1767225600, 2, '/11/16', NULL),
  (17, 'Request only', 'K-REQ', '', 1, 11, 170000, 0, 1, 1, 1767225600, 2, '/11/17', NULL),
  (18, 'Nothing', 'K-NO', '', 1, 11, 180000, 0, 1, 1, 1767225600, 2, '/11/18', NULL),
  (19, 'Dressed', 'DRESS', '', 1, 0, 190000, 0, 1, 1, 1767225600, 1, '/19', NULL),
  (20, 'Inner', 'DRESS-IN', '', 1, 19, 200000, 0, 1, 1, 1767225600, 2, '/19/20', NULL),
  (21, 'Naked', 'DRESS-NO', '', 1, 20, 210000, 0, 1, 1, 1767225600, 3, '/19/20/21', NULL);
REPLACE INTO mdl_course_request (`id`, `fullname`, `shortname`, `summary`, `summaryformat`, `category`, `reason`, `requester`, `password`) VALUES
  (1, 'Wanted', 'WANTED', '', 1, 17, 'because', 3, '');
REPLACE INTO mdl_event (`id`, `name`, `description`, `format`, `categoryid`, `courseid`, `groupid`, `userid`, `repeatid`, `component`, `modulename`, `instance`, `type`, `eventtype`, `timestart`, `timeduration`, `timesort`, `visible`, `uuid`, `sequence`, `timemodified`, `subscriptionid`, `priority`, `location`) VALUES
  (34, 'Open day', '', 1, 19, 0, 0, 2, 0, NULL, '', 0, 0, 'category', 1800000000, 3600, NULL, 1, '', 1, 1767225600, NULL, NULL, NULL),
  (35, 'Open day', '', 1, 20, 0, 0, 2, 0, NULL, '', 0, 0, 'category', 1800000000, 3600, NULL, 1, '', 1, 1767225600, NULL, NULL, NULL);
REPLACE INTO mdl_event_subscriptions (`id`, `url`, `categoryid`, `courseid`, `groupid`, `userid`, `eventtype`, `pollinterval`, `lastupdated`, `name`) VALUES
  (3, 'https://example.org/a.ics', 19, 0, 0, 2, 'category', 604800, NULL, 'Feed'),
  (4, 'https://example.org/a.ics', 20, 0, 0, 2, 'category', 604800, NULL, 'Feed');
REPLACE INTO mdl_files (`id`, `contenthash`, `pathnamehash`, `contextid`, `component`, `filearea`, `itemid`, `filepath`, `filename`, `userid`, `filesize`, `mimetype`, `status`, `source`, `author`, `license`, `timecreated`, `timemodified`, `sortorder`, `referencefileid`) VALUES
  (581, '5757245d6429a10763fadea678ef1c3405b39154', 'efb1a3f9a884a0cc7a928bb460f1d9fbef38fae5', 185, 'coursecat', 'description', 0, '/', 'sign.txt', NULL, 7, 'text/plain', 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (582, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '4d8d1ce22bb153f7edbe670a147750dce7bed9f3', 185, 'coursecat', 'description', 0, '/', '.', NULL, 0, NULL, 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (583, '250edab5f7b710304f1bb3dd7d56e2898bb3bd00', 'afd12609ea6bf06128347c378ea6361d54f9559c', 188, 'block_html', 'content', 0, '/', 'pic.txt', NULL, 6, 'text/plain', 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (584, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '3afa54134a0cc0d464279b696d5e6ba7c962851b', 188, 'block_html', 'content', 0, '/', '.', NULL, 0, NULL, 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (585, '8740ddf7c144293256b11e296cff323655fe8a0d', '937ff9f130d3809f4432b5c4bab153a2867bb916', 186, 'coursecat', 'description', 0, '/', 'sign.txt', NULL, 7, 'text/plain', 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (586, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'b3aa7db6eaa681707a34e758baf0f1f7e5011014', 186, 'coursecat', 'description', 0, '/', '.', NULL, 0, NULL, 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (587, '610147f6a18934049b64aa8f86738a7586e62cfe', '6674c85cc5919607bd7c6e0fe4d0c47d6e5b8e7b', 189, 'block_html', 'content', 0, '/', 'pic.txt', NULL, 6, 'text/plain', 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL),
  (588, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '96b1774da28104857991f188bcc366a065ee05a3', 189, 'block_html', 'content', 0, '/', '.', NULL, 0, NULL, 0, NULL, NULL, NULL, 1767225600, 1767225600, 0, NULL);
REPLACE INTO mdl_filter_active (`id`, `filter`, `contextid`, `active`, `sortorder`) VALUES
  (13, 'mathjaxloader', 185, -1, 0),
  (14, 'mathjaxloader', 186, -1, 0);
REPLACE INTO mdl_filter_config (`id`, `filter`, `contextid`, `name`, `value`) VALUES
  (3, 'mathjaxloader', 185, 'additionaldelimiters', '1'),
  (4, 'mathjaxloader', 186, 'additionaldelimiters', '1');
REPLACE INTO mdl_grade_letters (`id`, `contextid`, `lowerboundary`, `letter`) VALUES
  (7, 185, 50.00000, 'Pass'),
  (8, 186, 50.00000, 'Pass');
REPLACE INTO mdl_question_bank_entries (`id`, `questioncategoryid`, `idnumber`, `ownerid`, `nextversion`) VALUES
  (47, 16, 'Q1', 2, NULL);
REPLACE INTO mdl_question_categories (`id`, `name`, `contextid`, `info`, `infoformat`, `stamp`, `parent`, `sortorder`, `idnumber`) VALUES
  (15, 'top', 180, '', 0, 'czstamp1', 0, 0, NULL),
  (16, 'Old bank', 180, '', 0, 'czstamp2', 15, 999, NULL);
REPLACE INTO mdl_rating (`id`, `contextid`, `component`, `ratingarea`, `itemid`, `scaleid`, `rating`, `userid`, `timecreated`, `timemodified`) VALUES
  (42, 185, 'x', 'y', 1, 1, 1, 7, 1, 1),
  (43, 186, 'x', 'y', 1, 1, 1, 7, 1, 1);
REPLACE INTO mdl_role_assignments (`id`, `roleid`, `contextid`, `userid`, `timemodified`, `modifierid`, `component`, `itemid`, `sortorder`) VALUES
  (96, 1, 185, 4, 1767225600, 2, '', 0, 0),
  (97, 9, 188, 6, 1767225600, 2, '', 0, 0),
  (98, 1, 186, 4, 1767225600, 2, '', 0, 0),
  (99, 9, 189, 6, 1767225600, 2, '', 0, 0);
REPLACE INTO mdl_role_capabilities (`id`, `contextid`, `roleid`, `capability`, `permission`, `timemodified`, `modifierid`) VALUES
  (1617, 185, 3, 'moodle/course:create', 1, 1767225600, 2),
  (1618, 186, 3, 'moodle/course:create', 1, 1767225600, 2);
REPLACE INTO mdl_role_names (`id`, `roleid`, `contextid`, `name`) VALUES
  (5, 3, 185, 'Head'),
  (6, 3, 186, 'Head');
REPLACE INTO mdl_user_preferences (`id`, `userid`, `name`, `value`) VALUES
  (21, 5, 'block26hidden', '1'),
  (22, 5, 'docked_block_instance_26', '1'),
  (23, 5, 'block27hidden', '1'),
  (24, 5, 'docked_block_instance_27', '1');
