-- @admins: ids of the site's administrators, separated by commas
SET @admins = REPLACE(COALESCE({{ setting("siteadmins") }}, ''), ' ', '');

-- @guest: id of the guest account; NULL: the setting is missing
SET @guest = {{ setting("siteguest") }} + 0;
