-- The accounts that lines name: by what the run finds accounts by, by their usernames, as a line may have created or renamed an account, and by old ones.
{% import "shared/identify.sql" as named with context %}
{% set key = option.user_id_field %}

-- @local_host: mnethostid of this site's own accounts; NULL: the setting is missing
SET @local_host = CAST({{ setting("mnet_localhost_id") }} AS SIGNED);

{% set of_site = "COALESCE(NULLIF(r.mnethostid, ''), @local_host) = @local_host AND " ~ named.is_user("x") %}
{% with value=key, name="user", by=key, among=of_site, into="toolsync_meant_person" %}{% include "shared/meant.sql" %}{% endwith %}
{% for column in ["username", "oldusername"] if column != key %}

INSERT IGNORE INTO toolsync_meant_person (line, id, best)
SELECT r.line, x.id, 1
  FROM toolsync_key r
  STRAIGHT_JOIN {user} x {{ named.index("user", "username") }} ON {{ named.equal("x", "username", "r." ~ column) }} AND {{ of_site }};
{% endfor %}

INSERT IGNORE INTO toolsync_named (place, userid)
SELECT 0, m.id FROM toolsync_meant_person m;

-- Lines that name nobody. Somebody who was to be deleted may be gone.
INSERT IGNORE INTO toolsync_nameless (line, strange)
SELECT r.line, LENGTH(COALESCE(r.{{ key }}, '')) <> CHAR_LENGTH(COALESCE(r.{{ key }}, ''))
  FROM toolsync_key r
  LEFT JOIN toolsync_meant_person m ON m.line = r.line
 WHERE m.line IS NULL AND LOWER(COALESCE(r.deleted, '')) NOT IN ('1', 'yes', 'y', 'true', 'on', 'oui');
