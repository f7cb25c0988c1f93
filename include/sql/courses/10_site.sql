-- Site settings: what is allowed in a course, and the defaults of a new one.

-- @enrol_plugins: names of the enabled enrolment plugins, separated by commas
-- @site_completion: 1 if the site tracks completion, otherwise 0
-- @new_legacyfiles: `legacyfiles` of a new course: 0 none, 2 the course may use them
-- @trust_texts: 1 if the site marks texts as trusted (setting `enabletrusttext`), otherwise 0
-- @site_lang: language of the site
-- @site_languages: the languages that people and courses may have, as the setting `langlist` holds them; empty: all that are installed
-- @all_blocks: the blocks of every new course, as the setting `defaultblocks_override` holds them; NULL: each format has its own
-- @themes_allowed: 1 if a course may have a theme of its own, otherwise 0
SET @enrol_plugins = COALESCE({{ setting("enrol_plugins_enabled") }}, ''),
    @site_completion = {{ setting_is_on("enablecompletion") }},
    @new_legacyfiles = COALESCE({{ setting("legacyfilesinnewcourses") }}, 0) + 0,
    @trust_texts = {{ setting_is_on("enabletrusttext") }},
    @site_lang = COALESCE({{ setting("lang") }}, ''),
    @site_languages = COALESCE({{ setting("langlist") }}, ''),
    @all_blocks = {{ setting("defaultblocks_override") }},
    @themes_allowed = {{ setting_is_on("allowcoursethemes") }};

-- @guest: id of the guest account; NULL: the setting is missing
SET @guest = {{ setting("siteguest") }} + 0;

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
SET @new_format = COALESCE(NULLIF({{ setting("format", plugin="moodlecourse") }}, ''), 'topics'),
    @new_lang = COALESCE({{ setting("lang", plugin="moodlecourse") }}, ''),
    @new_numsections = COALESCE({{ setting("numsections", plugin="moodlecourse") }}, 4) + 0,
    @new_hiddensections = COALESCE({{ setting("hiddensections", plugin="moodlecourse") }}, 1) + 0,
    @new_coursedisplay = COALESCE({{ setting("coursedisplay", plugin="moodlecourse") }}, 0) + 0,
    @new_newsitems = COALESCE({{ setting("newsitems", plugin="moodlecourse") }}, 5) + 0,
    @new_showgrades = COALESCE({{ setting("showgrades", plugin="moodlecourse") }}, 1) + 0,
    @new_showreports = COALESCE({{ setting("showreports", plugin="moodlecourse") }}, 0) + 0,
    @new_showactivitydates = COALESCE({{ setting("showactivitydates", plugin="moodlecourse") }}, 1) + 0,
    @new_showcompletionconditions = COALESCE({{ setting("showcompletionconditions", plugin="moodlecourse") }}, 1) + 0,
    @new_maxbytes = COALESCE({{ setting("maxbytes", plugin="moodlecourse") }}, 0) + 0,
    @new_groupmode = COALESCE({{ setting("groupmode", plugin="moodlecourse") }}, 0) + 0,
    @new_groupmodeforce = COALESCE({{ setting("groupmodeforce", plugin="moodlecourse") }}, 0) + 0,
    @new_enablecompletion = COALESCE({{ setting("enablecompletion", plugin="moodlecourse") }}, 1) * @site_completion,
    @new_visible = COALESCE({{ setting("visible", plugin="moodlecourse") }}, 1) + 0,
    @new_duration = COALESCE({{ setting("courseenddateenabled", plugin="moodlecourse") }}, 1) * COALESCE(NULLIF({{ setting("courseduration", plugin="moodlecourse") }} + 0, 0), 31536000);

-- @front_page: id of the course that is the site's front page
-- @timezone: the timezone of dates of courses: the forced one, otherwise that of the account @actor; empty: the site's
-- @new_activitytype: the activity of a new course in single activity format
SET @front_page = (SELECT MIN(id) FROM {course} WHERE category = 0),
    @timezone = COALESCE(NULLIF({{ setting("forcetimezone") }}, '99'), (SELECT NULLIF(timezone, '99') FROM {user} WHERE id = @actor), ''),
    @new_activitytype = COALESCE({{ setting("activitytype", plugin="format_singleactivity") }}, 'forum');

{% include "shared/category_size.sql" %}

CREATE TEMPORARY TABLE toolsync_tomorrow (moment BIGINT NOT NULL);

-- python: tomorrow INTO toolsync_tomorrow
SELECT @now, @timezone;

-- @tomorrow: the next midnight in @timezone, in Unix seconds: the start of a new course
SET @tomorrow = (SELECT moment FROM toolsync_tomorrow);

CREATE TEMPORARY TABLE toolsync_number (n INT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_number (n) VALUES {% for n in range(200) %}({{ n }}){{ ", " if not loop.last }}{% endfor %};
