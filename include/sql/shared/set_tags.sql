-- The tags of the things in toolsync_tagged (line, itemid, contextid) become exactly those of their lines, in that order; toolsync_tags_changed: the lines where that changed something.
-- `itemtype`: what they are to Moodle's tags, `user` or `course`. `column`: the column of toolsync_row that lists the tags; NULL: the line leaves them alone.
{% include "shared/tags_given.sql" %}

-- @tag_collection: id of the collection that holds tags of this type; NULL: the site does not use them
-- @system_context: id of the context of the whole site
SET @tag_collection = (SELECT tagcollid FROM {tag_area} WHERE component = 'core' AND itemtype = '{{ itemtype }}' AND enabled = 1 AND {{ setting_is_on("usetags") }}),
    @system_context = (SELECT id FROM {context} WHERE contextlevel = 10 AND instanceid = 0);

INSERT INTO toolsync_note (line, field, message)
SELECT x.line, '{{ column }}', 'not stored: {{ itemtype }} tags are disabled on this site'
  FROM toolsync_tagged x
  JOIN toolsync_row r ON r.line = x.line
 WHERE r.{{ column }} <> '' AND @tag_collection IS NULL;

DELETE g FROM toolsync_tag g
  LEFT JOIN toolsync_tagged x ON x.line = g.line
 WHERE x.line IS NULL OR @tag_collection IS NULL;

-- `kept`: how the site writes it, which may only look like `name`.
CREATE TEMPORARY TABLE toolsync_tag_known (name VARCHAR(255) NOT NULL PRIMARY KEY, id BIGINT NOT NULL, kept VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_tag_known (name, id, kept)
SELECT g.name, k.id, k.name
  FROM toolsync_tag g
  JOIN {tag} k ON k.tagcollid = @tag_collection AND k.name = g.name;

UPDATE toolsync_tag g JOIN toolsync_tag_known k ON k.name = g.name SET g.tagid = k.id;

CREATE TEMPORARY TABLE toolsync_tagging (
    id BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, tagid BIGINT NOT NULL, ordering BIGINT NULL, KEY (line, tagid)
);

INSERT INTO toolsync_tagging (id, line, tagid, ordering)
SELECT ti.id, x.line, ti.tagid, ti.ordering
  FROM toolsync_tagged x
  JOIN toolsync_row r ON r.line = x.line
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = '{{ itemtype }}' AND ti.itemid = x.itemid AND ti.tiuserid = 0
 WHERE r.{{ column }} IS NOT NULL AND @tag_collection IS NOT NULL;

DROP TEMPORARY TABLE IF EXISTS toolsync_tagging_gone;
CREATE TEMPORARY TABLE toolsync_tagging_gone (id BIGINT NOT NULL PRIMARY KEY, tagid BIGINT NOT NULL);

INSERT INTO toolsync_tagging_gone (id, tagid)
SELECT o.id, o.tagid
  FROM toolsync_tagging o
  LEFT JOIN toolsync_tag g ON g.line = o.line AND g.tagid = o.tagid
 WHERE g.line IS NULL;

CREATE TEMPORARY TABLE toolsync_tags_changed (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_tags_changed (line)
SELECT o.line FROM toolsync_tagging o JOIN toolsync_tagging_gone d ON d.id = o.id;

INSERT IGNORE INTO toolsync_tags_changed (line)
SELECT g.line
  FROM toolsync_tag g
  LEFT JOIN toolsync_tagging o ON o.line = g.line AND o.tagid = g.tagid
 WHERE NOT o.ordering <=> g.place;

CREATE TEMPORARY TABLE toolsync_tagging_moved (id BIGINT NOT NULL PRIMARY KEY, place INT NOT NULL);
CREATE TEMPORARY TABLE toolsync_tag_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL, rawname VARCHAR(255) NOT NULL, UNIQUE KEY (name)
);
CREATE TEMPORARY TABLE toolsync_tagging_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, tagid BIGINT NOT NULL, itemid BIGINT NOT NULL, contextid BIGINT NOT NULL, place INT NOT NULL
);

INSERT INTO toolsync_tagging_moved (id, place)
SELECT o.id, g.place
  FROM toolsync_tagging o
  JOIN toolsync_tag g ON g.line = o.line AND g.tagid = o.tagid
 WHERE NOT o.ordering <=> g.place;

-- The spelling of the first line counts.
INSERT IGNORE INTO toolsync_tag_new (name, rawname)
SELECT g.name, g.rawname FROM toolsync_tag g WHERE g.tagid IS NULL ORDER BY g.line, g.place;

{% include "shared/drop_taggings.sql" %}

UPDATE toolsync_tagging_moved w
  STRAIGHT_JOIN {tag_instance} ti ON ti.id = w.id
   SET ti.ordering = w.place, ti.timemodified = @now;

-- chunks: toolsync_tag_new.seq
INSERT INTO {tag} (userid, tagcollid, name, rawname, isstandard, descriptionformat, flag, timemodified)
SELECT @actor, @tag_collection, w.name, w.rawname, 0, 0, 0, @now
  FROM toolsync_tag_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

INSERT IGNORE INTO toolsync_tag_known (name, id, kept)
SELECT w.name, k.id, k.name
  FROM toolsync_tag_new w
  JOIN {tag} k ON k.tagcollid = @tag_collection AND k.name = w.name;

UPDATE toolsync_tag g JOIN toolsync_tag_known k ON k.name = g.name SET g.tagid = k.id WHERE g.tagid IS NULL;

INSERT INTO toolsync_note (line, field, message)
SELECT g.line, '{{ column }}', CONCAT('tag ', k.kept, ' is used for ', g.rawname, ', which looks like it: the site can keep only one of them')
  FROM toolsync_tag g
  JOIN toolsync_tag_known k ON k.name = g.name
 WHERE k.kept <> g.name COLLATE utf8mb4_bin;

INSERT INTO toolsync_note (line, field, message)
SELECT a.line, '{{ column }}', CONCAT('tag ', k.kept, ' is used for ', a.rawname, ', which looks like it: the site can keep only one of them')
  FROM toolsync_tag_alike a
  JOIN toolsync_tagged x ON x.line = a.line
  JOIN toolsync_tag_known k ON k.name = a.name;

INSERT INTO toolsync_tagging_new (tagid, itemid, contextid, place)
SELECT g.tagid, x.itemid, x.contextid, g.place
  FROM toolsync_tag g
  JOIN toolsync_tagged x ON x.line = g.line
  LEFT JOIN toolsync_tagging o ON o.line = g.line AND o.tagid = g.tagid
 WHERE o.id IS NULL AND x.contextid IS NOT NULL
 ORDER BY g.line, g.place;

-- chunks: toolsync_tagging_new.seq
INSERT INTO {tag_instance} (tagid, component, itemtype, itemid, contextid, tiuserid, ordering, timecreated, timemodified)
SELECT w.tagid, 'core', '{{ itemtype }}', w.itemid, w.contextid, 0, w.place, @now, @now
  FROM toolsync_tagging_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;
