-- Site settings: what is allowed in an account, and the defaults of a new one.

-- @local_host: mnethostid of this site's own accounts; NULL: the setting is missing
SET @local_host = CAST({{ setting("mnet_localhost_id") }} AS SIGNED);

-- @admins: ids of the site's administrators, separated by commas
-- @any_username: 1 if a username may hold any character, 0 if only a-z, 0-9 and -.@_
-- @shared_emails: 1 if several accounts may have the same email, otherwise 0
-- @site_languages: the languages that people may choose, as the setting `langlist` holds them; empty: all that are installed
-- @site_themes: the themes that the site allows, separated by commas; empty: all
-- @enabled_auths: names of the authentication plugins that an account may have, separated by commas
-- @local_auths: names of the authentication methods whose passwords are kept here, separated by commas
-- @outside_auths: names of the methods that never keep one here: of Moodle, SAML2 and OpenID Connect; of other plugins' methods, the site does not tell
-- @new_lang: language of a new account
-- @new_city: city of a new account; empty: none
-- @new_country: country code of a new account; empty: none
-- @new_calendartype: calendar of a new account
-- @new_mailformat: mail format of a new account: 1 HTML, 0 plain text
-- @new_maildisplay: who sees the email of a new account: 0 nobody, 1 everybody, 2 people in the same course
-- @new_maildigest: forum digest of a new account: 0 none, 1 complete, 2 subjects only
-- @new_autosubscribe: 1 if a new account subscribes to the discussions that it posts to, otherwise 0
-- @new_trackforums: 1 if a new account tracks unread posts, otherwise 0
SET @admins = REPLACE(COALESCE({{ setting("siteadmins") }}, ''), ' ', ''),
    @any_username = {{ setting_is_on("extendedusernamechars") }},
    @shared_emails = {{ setting_is_on("allowaccountssameemail") }},
    @site_languages = COALESCE({{ setting("langlist") }}, ''),
    @site_themes = COALESCE({{ setting("themelist") }}, ''),
    @enabled_auths = CONCAT_WS(',', 'manual,nologin', {{ setting("auth") }}),
    @local_auths = CONCAT('manual,email,lti,none,nologin', IF(COALESCE({{ setting("passtype", plugin="auth_db") }}, 'internal') = 'internal', ',db', '')),
    @outside_auths = CONCAT('cas,ldap,mnet,oauth2,oidc,saml2,shibboleth,webservice', IF(COALESCE({{ setting("passtype", plugin="auth_db") }}, 'internal') = 'internal', '', ',db')),
    @new_lang = COALESCE({{ setting("lang") }}, ''),
    @new_city = COALESCE({{ setting("defaultcity") }}, ''),
    @new_country = COALESCE(NULLIF({{ setting("country") }}, '0'), ''),
    @new_calendartype = COALESCE({{ setting("calendartype") }}, 'gregorian'),
    @new_mailformat = COALESCE({{ setting("defaultpreference_mailformat") }}, 1) + 0,
    @new_maildisplay = COALESCE({{ setting("defaultpreference_maildisplay") }}, 2) + 0,
    @new_maildigest = COALESCE({{ setting("defaultpreference_maildigest") }}, 0) + 0,
    @new_autosubscribe = COALESCE({{ setting("defaultpreference_autosubscribe") }}, 1) + 0,
    @new_trackforums = COALESCE({{ setting("defaultpreference_trackforums") }}, 0) + 0;

-- @guest: id of the guest account; NULL: the setting is missing
SET @guest = {{ setting("siteguest") }} + 0;

-- @system_context: id of the context of the whole site
SET @system_context = (SELECT id FROM {context} WHERE contextlevel = 10 AND instanceid = 0);
