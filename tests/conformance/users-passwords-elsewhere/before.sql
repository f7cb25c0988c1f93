-- As Moodle leaves them: accounts that wait for a password (u003, u011, u013), that cron has made one (u004), with a password of their own (u005, u010), with another method.
UPDATE mdl_user SET password = '' WHERE username IN ('u003', 'u011', 'u013');
UPDATE mdl_user SET password = '$6$rounds=10000$abcdefgh$x' WHERE username IN ('u004', 'u005', 'u010', 'u012');
UPDATE mdl_user SET auth = 'lti' WHERE username = 'u013';
UPDATE mdl_user SET password = 'not cached', auth = 'oauth2' WHERE username IN ('u006', 'u009');
INSERT INTO mdl_user_preferences (userid, name, value) SELECT id, 'create_password', '1' FROM mdl_user WHERE username IN ('u003', 'u011', 'u013') ORDER BY id;
INSERT INTO mdl_user_preferences (userid, name, value) SELECT id, 'auth_forcepasswordchange', '1' FROM mdl_user WHERE username IN ('u003', 'u004', 'u006', 'u010', 'u011', 'u012', 'u013') ORDER BY id;
