-- Tags: those of a course become exactly those of its line, in that order.
{% if given("tags") %}
CREATE TEMPORARY TABLE toolsync_tagged (line INT UNSIGNED NOT NULL PRIMARY KEY, itemid BIGINT NOT NULL, contextid BIGINT NULL);

INSERT INTO toolsync_tagged (line, itemid, contextid)
SELECT t.line, t.id, t.contextid FROM toolsync_course t;

{% with itemtype="course", column="tags" %}{% include "shared/set_tags.sql" %}{% endwith %}

UPDATE toolsync_course t JOIN toolsync_tags_changed k ON k.line = t.line SET t.changed = 1;
{% endif %}
