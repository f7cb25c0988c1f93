-- The settings of the site that say what a course may be, and what a new one is like.

SELECT COALESCE(MAX(IF(name = 'enrol_plugins_enabled', value, NULL)), ''),
       COALESCE(MAX(IF(name = 'enablecompletion', value, NULL)), 0) NOT IN ('', '0'),
       COALESCE(MAX(IF(name = 'legacyfilesinnewcourses', value, NULL)), 0) + 0,
       COALESCE(MAX(name = 'usetags' AND value NOT IN ('', '0')), 0),
       COALESCE(MAX(name = 'enabletrusttext' AND value NOT IN ('', '0')), 0),
       COALESCE(MAX(IF(name = 'maxcoursesincategory' AND value + 0 > 0, value, NULL)), 0) + 0,
       MAX(IF(name = 'lang', value, '')),
       MAX(IF(name = 'defaultblocks_override', value, NULL)),
       MAX(IF(name = 'siteguest', value, NULL)) + 0,
       NULLIF(MAX(IF(name = 'forcetimezone', value, '99')), '99'),
       COALESCE(MAX(name = 'allowcoursethemes' AND value NOT IN ('', '0')), 0)
  INTO @enrol_plugins, @site_completion, @new_legacyfiles, @tags_in_use, @trust_texts, @category_size, @site_lang, @all_blocks, @guest, @timezone,
       @themes_allowed
  FROM {config}
 WHERE name IN ('enrol_plugins_enabled', 'enablecompletion', 'legacyfilesinnewcourses', 'usetags', 'enabletrusttext', 'maxcoursesincategory', 'lang',
                'defaultblocks_override', 'siteguest', 'forcetimezone', 'allowcoursethemes');

-- What the site's page of course defaults says.
SELECT COALESCE(MAX(IF(name = 'format', NULLIF(value, ''), NULL)), 'topics'),
       COALESCE(MAX(IF(name = 'lang', value, NULL)), ''),
       COALESCE(MAX(IF(name = 'numsections', value, NULL)), 4) + 0,
       COALESCE(MAX(IF(name = 'hiddensections', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'coursedisplay', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'newsitems', value, NULL)), 5) + 0,
       COALESCE(MAX(IF(name = 'showgrades', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'showreports', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'showactivitydates', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'showcompletionconditions', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'maxbytes', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'groupmode', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'groupmodeforce', value, NULL)), 0) + 0,
       COALESCE(MAX(IF(name = 'enablecompletion', value, NULL)), 1) * @site_completion,
       COALESCE(MAX(IF(name = 'visible', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'courseenddateenabled', value, NULL)), 1) * COALESCE(NULLIF(MAX(IF(name = 'courseduration', value, 0)) + 0, 0), 31536000)
  INTO @new_format, @new_lang, @new_numsections, @new_hiddensections, @new_coursedisplay, @new_newsitems, @new_showgrades, @new_showreports,
       @new_showactivitydates, @new_showcompletionconditions, @new_maxbytes, @new_groupmode, @new_groupmodeforce, @new_enablecompletion, @new_visible,
       @new_duration
  FROM {config_plugins}
 WHERE plugin = 'moodlecourse';

SET @front_page = (SELECT MIN(id) FROM {course} WHERE category = 0),
    @timezone = COALESCE(@timezone, (SELECT NULLIF(timezone, '99') FROM {user} WHERE id = @actor), ''),
    @new_activitytype = COALESCE((SELECT value FROM {config_plugins} WHERE plugin = 'format_singleactivity' AND name = 'activitytype'), 'forum');

-- How far apart categories are numbered. A site may say so in config.php only: then its first category shows it.
SET @category_size = IF(@category_size > 0, @category_size,
                        COALESCE((SELECT IF(SUM(k.sortorder % f.first) = 0, f.first, NULL)
                                    FROM {course_categories} k
                                   CROSS JOIN (SELECT MIN(sortorder) AS first FROM {course_categories} WHERE sortorder > 0) f
                                   GROUP BY f.first), 10000));

CREATE TEMPORARY TABLE toolsync_tomorrow (moment BIGINT NOT NULL);

-- python: tomorrow INTO toolsync_tomorrow
SELECT @now, @timezone;

SET @tomorrow = (SELECT moment FROM toolsync_tomorrow);

CREATE TEMPORARY TABLE toolsync_number (n INT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_number (n)
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 999)
SELECT n FROM number;
