INSERT INTO {repository} (id, type, visible, sortorder) VALUES
(9001, 'equella', 1, 99);
INSERT INTO {repository_instances} (id, name, typeid, userid, contextid, timecreated, timemodified, readonly) VALUES
(9001, 'my dav', 9001, 7, 24, 1768470000, 1768470000, 0);
INSERT INTO {repository_instance_config} (id, instanceid, name, value) VALUES
(9001, 9001, 'equella_url', 'x');
INSERT INTO {files_reference} (id, repositoryid, lastsync, reference, referencehash) VALUES
(9001, 9001, 4102444800, '/a.txt', '306e7a8448917c34e373137b64ab0e8a81527d84'),
(9002, 9001, 4102444800, '/b.txt', '78ae2b214def878b91786e593208afa5b35d8709'),
(9003, 9001, 4102444800, '/d.txt', '3e2245dd3baae62e3ec087859a2333356181dacc'),
(9005, 7, 1768470000, 'YTo2OntzOjk6ImNvbnRleHRpZCI7aToyNDtzOjk6ImNvbXBvbmVudCI7czo0OiJ1c2VyIjtzOjY6Iml0ZW1pZCI7aTowO3M6ODoiZmlsZWFyZWEiO3M6NzoicHJpdmF0ZSI7czo4OiJmaWxlcGF0aCI7czoxOiIvIjtzOjg6ImZpbGVuYW1lIjtzOjExOiJsZWN0dXJlLnR4dCI7fQ==', '3e829b089a9e20f6cda1e58cae950ba8d23db299'),
(9006, 7, NULL, 'YTo2OntzOjk6ImNvbnRleHRpZCI7aToyNDtzOjk6ImNvbXBvbmVudCI7czo0OiJ1c2VyIjtzOjY6Iml0ZW1pZCI7aTowO3M6ODoiZmlsZWFyZWEiO3M6NzoicHJpdmF0ZSI7czo4OiJmaWxlcGF0aCI7czo5OiIvV29jaGUgMS8iO3M6ODoiZmlsZW5hbWUiO3M6MTM6IsOcYnVuZyDDqS50eHQiO30=', '8bcad54f5bec0ad5e1dfe8135bc795cabccda42b'),
(9007, 7, 1768470000, 'YTo2OntzOjk6ImNvbnRleHRpZCI7aToyNDtzOjk6ImNvbXBvbmVudCI7czo0OiJ1c2VyIjtzOjY6Iml0ZW1pZCI7aTowO3M6ODoiZmlsZWFyZWEiO3M6NzoicHJpdmF0ZSI7czo4OiJmaWxlcGF0aCI7czoxOiIvIjtzOjg6ImZpbGVuYW1lIjtzOjg6InNlbGYudHh0Ijt9', '88cff06f512257fcec80cec1a3bd2937ae7405cf'),
(9008, 7, 1768470000, 'YTo2OntzOjk6ImNvbnRleHRpZCI7aToyNDtzOjk6ImNvbXBvbmVudCI7czo0OiJ1c2VyIjtzOjY6Iml0ZW1pZCI7aTowO3M6ODoiZmlsZWFyZWEiO3M6NzoicHJpdmF0ZSI7czo4OiJmaWxlcGF0aCI7czoxOiIvIjtzOjg6ImZpbGVuYW1lIjtzOjExOiJpbmRyYWZ0LnR4dCI7fQ==', '430d60ddaeb3f633f99009a7e4324a98aff945fd'),
(9009, 7, 1768470000, 'YTo2OntzOjk6ImNvbnRleHRpZCI7aToyNDtzOjk6ImNvbXBvbmVudCI7czo0OiJ1c2VyIjtzOjY6Iml0ZW1pZCI7aTowO3M6ODoiZmlsZWFyZWEiO3M6NzoicHJpdmF0ZSI7czo4OiJmaWxlcGF0aCI7czoxOiIvIjtzOjg6ImZpbGVuYW1lIjtzOjEzOiJvbmx5ZHJhZnQudHh0Ijt9', 'dfab8a76a881213e63eb2a990dd4e7b9eee9e428');
INSERT INTO {files} (id, contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, mimetype, status, timecreated, timemodified, sortorder, referencefileid) VALUES
(9001, '7a49bdc0e91994efe0228855115b1823024f0c5e', 'ccc4426001c06431f3b371033f8427aa5d39e7b9', 138, 'mod_folder', 'content', 0, '/', 'dav.txt', 7, 11, 'text/plain', 0, 1768470000, 1768470000, 0, 9001),
(9002, '7a49bdc0e91994efe0228855115b1823024f0c5e', '62a4bf9e295e3bb79172d90d94418ac849cb3202', 138, 'mod_folder', 'content', 0, '/', 'dav2.txt', 7, 11, 'text/plain', 0, 1768470000, 1768470000, 0, 9001),
(9003, '743ff5540bb82bdfb9bacf2952ecc8cbb15564e6', '9cf4ce1fd866ce7429751dac43814144180bd567', 24, 'user', 'private', 0, '/', 'mine.txt', 7, 9, 'text/plain', 0, 1768470000, 1768470000, 0, 9002),
(9004, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '359a7cde148afec1d8f27fd69d94aeb52a5ee3a3', 24, 'user', 'private', 0, '/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL),
(9005, '5e713ffd37029c1d5a9657d09afcd91e9807e766', 'e483b43d63e55bc739a60b873326ea231649e77c', 5, 'user', 'draft', 4711, '/', 'draft.txt', 7, 9, 'text/plain', 0, 1768470000, 1768470000, 0, 9003),
(9006, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'a504dcb5103fbabab9573e75e626ef5d21b22e58', 5, 'user', 'draft', 4711, '/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL),
(9008, '291dcbddb7c2dceb03f974c5298a404e7c681cb8', '637ffb8193d24e095b6f9ab101f26c202b69281f', 24, 'user', 'private', 0, '/', 'lecture.txt', 7, 15, 'text/plain', 0, 1768470000, 1768470000, 0, NULL),
(9009, 'eb70d1fcdf826fda896f9a129bacd4ee88fb6e9a', '981aa0412baff717ba537fe5eac41b91d3683986', 24, 'user', 'private', 0, '/Woche 1/', 'Übung é.txt', 7, 8, 'text/plain', 0, 1768470000, 1768470000, 0, NULL),
(9010, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '7be5ee08d823cd88fff73f1874821addd524730e', 24, 'user', 'private', 0, '/Woche 1/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL),
(9011, '40380bc1d358a6f8665b37bbdc8c7ccc6c38a861', '76678a56ea10a1aaee48cd9e8c1f9fe56fb891b2', 24, 'user', 'private', 0, '/', 'self.txt', 7, 4, 'text/plain', 0, 1768470000, 1768470000, 0, NULL),
(9012, 'c69fd57ebee13b477d1ac66e3a9512d1c104eaed', '3522ffe63473107ebc362a354966dd6e904e0bea', 24, 'user', 'private', 0, '/', 'indraft.txt', 7, 10, 'text/plain', 0, 1768470000, 1768470000, 0, NULL),
(9013, 'b9d9064e9d0461d659bf02e58e952b9412832c11', 'c197360f2dcf3f26e0a048871b0ce8034643ce2c', 24, 'user', 'private', 0, '/', 'onlydraft.txt', 7, 12, 'text/plain', 0, 1768470000, 1768470000, 0, NULL),
(9014, '291dcbddb7c2dceb03f974c5298a404e7c681cb8', '0e7057609f28fc38408994c6f3ee8376e96e60c6', 138, 'mod_folder', 'content', 0, '/', 'alias.txt', 7, 15, 'text/plain', 0, 1768470000, 1768470000, 0, 9005),
(9015, '291dcbddb7c2dceb03f974c5298a404e7c681cb8', '8a7d3b3b5d0deb1a4d500ffb3fca7c36509af3a6', 89, 'course', 'overviewfiles', 0, '/', 'alias3.txt', 7, 15, 'text/plain', 0, 1768470000, 1768470000, 0, 9005),
(9016, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'ff1ecfafa1cb9e6fce6e1074dae52681e64ab655', 89, 'course', 'overviewfiles', 0, '/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL),
(9017, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'e36c6097015ffd87b660197d241d91ca088bf3a3', 138, 'mod_folder', 'content', 0, '/', 'never.txt', 7, 0, 'text/plain', 0, 1768470000, 1768470000, 0, 9006),
(9018, '40380bc1d358a6f8665b37bbdc8c7ccc6c38a861', '2bcd36151bc2c6e16bdb8ad568f1bb7ef51d751d', 24, 'user', 'private', 0, '/', 'alias of self.txt', 7, 4, 'text/plain', 0, 1768470000, 1768470000, 0, 9007),
(9019, 'c69fd57ebee13b477d1ac66e3a9512d1c104eaed', '87280ee6c93be9ba3067344b5f949c4940e70f0d', 138, 'mod_folder', 'content', 0, '/', 'alias4.txt', 7, 10, 'text/plain', 0, 1768470000, 1768470000, 0, 9008),
(9020, 'c69fd57ebee13b477d1ac66e3a9512d1c104eaed', 'e0d4fdccfb27537c344f177e3d9760ebf36e80d4', 5, 'user', 'draft', 4712, '/', 'alias4.txt', 7, 10, 'text/plain', 0, 1768470000, 1768470000, 0, 9008),
(9021, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '0a8e77f2dad69cdde68a9902565ff01260d4ab06', 5, 'user', 'draft', 4712, '/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL),
(9022, 'b9d9064e9d0461d659bf02e58e952b9412832c11', 'bac990c1ba938708e5353d991e529d7f7098d916', 5, 'user', 'draft', 4713, '/', 'alias5.txt', 7, 12, 'text/plain', 0, 1768470000, 1768470000, 0, 9009),
(9023, 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '2adc606d9a79e98c4d702161082b782c9b2042d3', 5, 'user', 'draft', 4713, '/', '.', 7, 0, NULL, 0, 1768470000, 1768470000, 0, NULL);
