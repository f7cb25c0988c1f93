-- The settings of the site that say what an account may be, and what a new one is like.

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
       COALESCE(MAX(IF(name = 'sessiontimeout', value, NULL)), 28800) + 0,
       COALESCE(MAX(name = 'usetags' AND value NOT IN ('', '0')), 0)
  INTO @local_host, @admins, @guest, @any_username, @shared_emails, @site_languages, @site_themes, @enabled_auths,
       @new_lang, @new_city, @new_country, @new_calendartype, @new_mailformat, @new_maildisplay, @new_maildigest,
       @new_autosubscribe, @new_trackforums, @session_seconds, @tags_in_use
  FROM {config}
 WHERE name IN ('mnet_localhost_id', 'siteadmins', 'siteguest', 'extendedusernamechars', 'allowaccountssameemail', 'langlist', 'themelist',
                'auth', 'lang', 'defaultcity', 'country', 'calendartype', 'defaultpreference_mailformat', 'defaultpreference_maildisplay',
                'defaultpreference_maildigest', 'defaultpreference_autosubscribe', 'defaultpreference_trackforums', 'sessiontimeout', 'usetags');

SET @system_context = (SELECT id FROM {context} WHERE contextlevel = 10);
