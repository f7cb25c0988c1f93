INSERT INTO {repository} (id, type, visible, sortorder) VALUES
(9001, 'equella', 1, 99);
INSERT INTO {repository_instances} (id, name, typeid, userid, contextid, timecreated, timemodified, readonly) VALUES
(9002, 'course dav', 9001, 0, 95, 1768470000, 1768470000, 0);
INSERT INTO {repository_instance_config} (id, instanceid, name, value) VALUES
(9002, 9002, 'equella_url', 'x');
INSERT INTO {files_reference} (id, repositoryid, lastsync, reference, referencehash) VALUES
(9004, 9002, 4102444800, '/c.txt', 'af67a6ed5488c0e5c68ee4485600b32bf26daffd');
INSERT INTO {files} (id, contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, mimetype, status, timecreated, timemodified, sortorder, referencefileid) VALUES
(9007, 'b72b042035d306800abe23681f60b9de3352a01b', '95bc87359833b6092f80c8647eef6acc90b41ee7', 138, 'mod_folder', 'content', 0, '/', 'ofcourse.txt', 7, 18, 'text/plain', 0, 1768470000, 1768470000, 0, 9004);
