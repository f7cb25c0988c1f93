-- Site settings: what is allowed in a course, and the defaults of a new one.

-- @enrol_plugins: names of the enabled enrolment plugins, separated by commas
-- @site_completion: 1 if the site tracks completion, otherwise 0
-- @new_legacyfiles: `legacyfiles` of a new course: 0 none, 2 the course may use them
-- @tags_in_use: 1 if the site uses tags, otherwise 0
-- @trust_texts: 1 if the site marks texts as trusted (setting `enabletrusttext`), otherwise 0
-- @category_size: the step between the `sortorder` of two categories, as the site's setting has it; 0: not set
-- @site_lang: language of the site
-- @all_blocks: the blocks of every new course, as the setting `defaultblocks_override` holds them; NULL: each format has its own
-- @guest: id of the guest account; NULL: the setting is missing
-- @timezone: the timezone that the site forces on everybody; NULL: it forces none
-- @themes_allowed: 1 if a course may have a theme of its own, otherwise 0
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

-- The site's course defaults.
-- @new_format: format of a new course
-- @new_lang: language that a new course forces; empty: none
-- @new_numsections: number of sections of a new course, without the general section
-- @new_hiddensections: how a new course shows hidden sections: 0 as not available, 1 not at all
-- @new_coursedisplay: how a new course shows sections: 0 all on one page, 1 one a page
-- @new_newsitems: number of announcements that a new course shows; 0: it has no Announcements forum
-- @new_showgrades: 1 if a new course shows grades to students, otherwise 0
-- @new_showreports: 1 if a new course shows activity reports to students, otherwise 0
-- @new_showactivitydates: 1 if a new course shows the dates of activities, otherwise 0
-- @new_showcompletionconditions: 1 if a new course shows completion conditions, otherwise 0
-- @new_maxbytes: maximum size of a file that is uploaded to a new course, in bytes; 0: the site's limit
-- @new_groupmode: group mode of a new course: 0 no groups, 1 separate groups, 2 visible groups
-- @new_groupmodeforce: 1 if a new course forces its group mode on its activities, otherwise 0
-- @new_enablecompletion: 1 if a new course tracks completion, otherwise 0
-- @new_visible: 1 if a new course is visible, otherwise 0
-- @new_duration: seconds from the start of a new course to its end; 0: it has no end
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

-- @front_page: id of the course that is the site's front page
-- @timezone: the timezone of dates of courses: the forced one, otherwise that of the account @actor; empty: the site's
-- @new_activitytype: the activity of a new course in single activity format
SET @front_page = (SELECT MIN(id) FROM {course} WHERE category = 0),
    @timezone = COALESCE(@timezone, (SELECT NULLIF(timezone, '99') FROM {user} WHERE id = @actor), ''),
    @new_activitytype = COALESCE((SELECT value FROM {config_plugins} WHERE plugin = 'format_singleactivity' AND name = 'activitytype'), 'forum');

-- The distance between the sortorders of categories. If the site sets it in config.php only, take it from its first category.
-- @category_size: the step between the `sortorder` of two categories
SET @category_size = IF(@category_size > 0, @category_size,
                        COALESCE((SELECT IF(SUM(k.sortorder % f.first) = 0, f.first, NULL)
                                    FROM {course_categories} k
                                   CROSS JOIN (SELECT MIN(sortorder) AS first FROM {course_categories} WHERE sortorder > 0) f
                                   GROUP BY f.first), 10000));

CREATE TEMPORARY TABLE toolsync_tomorrow (moment BIGINT NOT NULL);

-- python: tomorrow INTO toolsync_tomorrow
SELECT @now, @timezone;

-- @tomorrow: the next midnight in @timezone, in Unix seconds: the start of a new course
SET @tomorrow = (SELECT moment FROM toolsync_tomorrow);

CREATE TEMPORARY TABLE toolsync_number (n INT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_number (n)
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 999)
SELECT n FROM number;
