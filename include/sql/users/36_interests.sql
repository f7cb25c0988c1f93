-- Interests: the tags of an account become exactly those of its line, in that order.
{% if given("interests") %}
CREATE TEMPORARY TABLE toolsync_tagged (line INT UNSIGNED NOT NULL PRIMARY KEY, itemid BIGINT NOT NULL, contextid BIGINT NULL);

INSERT INTO toolsync_tagged (line, itemid, contextid)
SELECT r.line, r.userid, c.id
  FROM toolsync_row r
  LEFT JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = r.userid
 WHERE r.status IS NULL AND r.userid IS NOT NULL;

{% with itemtype="user", column="interests" %}{% include "shared/set_tags.sql" %}{% endwith %}

UPDATE toolsync_row r JOIN toolsync_tags_changed k ON k.line = r.line SET r.changed = 1;
{% endif %}
