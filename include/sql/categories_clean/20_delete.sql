-- Delete the remaining categories, which are empty, as core_course_category::delete_full does. The others are not numbered anew.

CREATE TEMPORARY TABLE toolsync_category_gone (id BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NULL, line INT UNSIGNED NOT NULL, KEY (contextid));

INSERT INTO toolsync_category_gone (id, contextid, line)
SELECT r.id, r.contextid, r.line FROM toolsync_row r WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_emptied (contextid BIGINT NOT NULL PRIMARY KEY, blockid BIGINT NULL, KEY (blockid));

INSERT INTO toolsync_emptied (contextid)
SELECT g.contextid FROM toolsync_category_gone g WHERE g.contextid IS NOT NULL;

{% include "shared/empty_contexts.sql" %}

{% from "shared/undownloaded.sql" import undownloaded with context %}
INSERT INTO toolsync_note (line, field, message)
SELECT g.line, 'path', {{ undownloaded("the category") }}
  FROM toolsync_undownloaded n
  JOIN {files} f ON f.id = n.id
  JOIN toolsync_category_gone g ON g.contextid = n.contextid
 ORDER BY f.id;

-- Grade letters, and question categories without questions. (Moodle 5.0 and later forgets to delete these.)
{% for name in ["grade_letters", "question_categories"] %}
DELETE x FROM toolsync_category_gone g STRAIGHT_JOIN {{ table(name) }} x {{ by_index(name, "contextid") }} ON x.contextid = g.contextid;
{% endfor %}

{% for name in ["event", "event_subscriptions"] %}
CREATE TEMPORARY TABLE toolsync_{{ name }}_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_{{ name }}_gone (id)
SELECT x.id FROM toolsync_category_gone g JOIN {{ table(name) }} x ON x.categoryid = g.id;

DELETE x FROM toolsync_{{ name }}_gone g STRAIGHT_JOIN {{ table(name) }} x ON x.id = g.id;

{% endfor %}
DELETE x FROM toolsync_category_gone g STRAIGHT_JOIN {context} x ON x.id = g.contextid;
DELETE k FROM toolsync_category_gone g STRAIGHT_JOIN {course_categories} k ON k.id = g.id;

-- If the category for course requests goes, the first remaining one takes its place.
-- @first_category: id of the oldest of the top-level categories that are left
-- @request_line: line of the category that takes requests for courses; NULL: it is not among the deleted ones
SET @first_category = (SELECT MIN(id) FROM {course_categories} WHERE parent = 0),
    @request_line = (SELECT g.line FROM {config} c JOIN toolsync_category_gone g ON c.value = CAST(g.id AS CHAR) WHERE c.name = 'defaultrequestcategory');

UPDATE {config} SET value = @first_category WHERE name = 'defaultrequestcategory' AND @request_line IS NOT NULL;

INSERT INTO toolsync_note (line, field, message)
SELECT @request_line, 'id', CONCAT('course requests went to this category. Now they go to ', k.name)
  FROM {course_categories} k
 WHERE k.id = @first_category AND @request_line IS NOT NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'settings' FROM DUAL WHERE @request_line IS NOT NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'category_gone' FROM toolsync_category_gone g LIMIT 1;

INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'path', 'deleted'
  FROM toolsync_row r
 WHERE r.status IS NULL;

UPDATE toolsync_row r SET r.status = 'deleted' WHERE r.status IS NULL;
