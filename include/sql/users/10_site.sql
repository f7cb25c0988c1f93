-- Site settings: what is allowed in an account, and the defaults of a new one.

-- @local_host: mnethostid of this site's own accounts; NULL: the setting is missing
-- @admins: ids of the site's administrators, separated by commas
-- @guest: id of the guest account; NULL: the setting is missing
-- @any_username: 1 if a username may hold any character, 0 if only a-z, 0-9 and -.@_
-- @shared_emails: 1 if several accounts may have the same email, otherwise 0
-- @site_languages: the languages that people may choose, as the setting `langlist` holds them; empty: all that are installed
-- @site_themes: the themes that the site allows, separated by commas; empty: all
-- @enabled_auths: names of the authentication plugins that an account may have, separated by commas
-- @new_lang: language of a new account
-- @new_city: city of a new account; empty: none
-- @new_country: country code of a new account; empty: none
-- @new_calendartype: calendar of a new account
-- @new_mailformat: mail format of a new account: 1 HTML, 0 plain text
-- @new_maildisplay: who sees the email of a new account: 0 nobody, 1 everybody, 2 people in the same course
-- @new_maildigest: forum digest of a new account: 0 none, 1 complete, 2 subjects only
-- @new_autosubscribe: 1 if a new account subscribes to the discussions that it posts to, otherwise 0
-- @new_trackforums: 1 if a new account tracks unread posts, otherwise 0
-- @tags_in_use: 1 if the site uses tags, otherwise 0
SELECT CAST(MAX(IF(name = 'mnet_localhost_id', value, NULL)) AS SIGNED),
       MAX(IF(name = 'siteadmins', value, '')),
       CAST(MAX(IF(name = 'siteguest', value, NULL)) AS SIGNED),
       MAX(name = 'extendedusernamechars' AND value NOT IN ('', '0')),
       MAX(name = 'allowaccountssameemail' AND value NOT IN ('', '0')),
       MAX(IF(name = 'langlist', value, '')),
       MAX(IF(name = 'themelist', value, '')),
       MAX(IF(name = 'auth', CONCAT('manual,nologin,', value), 'manual,nologin')),
       MAX(IF(name = 'lang', value, '')),
       MAX(IF(name = 'defaultcity', value, '')),
       MAX(IF(name = 'country' AND value <> '0', value, '')),
       COALESCE(MAX(IF(name = 'calendartype', value, NULL)), 'gregorian'),
       COALESCE(MAX(IF(name = 'defaultpreference_mailformat', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'defaultpreference_maildisplay', value, NULL)), 2) + 0,
       COALESCE(MAX(IF(name = 'defaultpreference_maildigest', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'defaultpreference_autosubscribe', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'defaultpreference_trackforums', value, NULL)), 0) + 0,
       COALESCE(MAX(name = 'usetags' AND value NOT IN ('', '0')), 0)
  INTO @local_host, @admins, @guest, @any_username, @shared_emails, @site_languages, @site_themes, @enabled_auths,
       @new_lang, @new_city, @new_country, @new_calendartype, @new_mailformat, @new_maildisplay, @new_maildigest,
       @new_autosubscribe, @new_trackforums, @tags_in_use
  FROM {config}
 WHERE name IN ('mnet_localhost_id', 'siteadmins', 'siteguest', 'extendedusernamechars', 'allowaccountssameemail', 'langlist', 'themelist',
                'auth', 'lang', 'defaultcity', 'country', 'calendartype', 'defaultpreference_mailformat', 'defaultpreference_maildisplay',
                'defaultpreference_maildigest', 'defaultpreference_autosubscribe', 'defaultpreference_trackforums', 'usetags');

-- @system_context: id of the context of the whole site
SET @system_context = (SELECT id FROM {context} WHERE contextlevel = 10);
