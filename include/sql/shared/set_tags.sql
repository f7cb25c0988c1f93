-- The tags of the things in toolsync_tagged (line, itemid, contextid) become exactly those of their lines, in that order; toolsync_tags_changed: the lines where that changed something.
-- `itemtype`: what they are to Moodle's tags, `user` or `course`. `column`: the column of toolsync_row that lists the tags; NULL: the line leaves them alone.
{% include "shared/tags_given.sql" %}

-- @tag_collection: id of the collection that holds tags of this type; NULL: the site does not use them
-- @system_context: id of the context of the whole site
SET @tag_collection = (SELECT tagcollid FROM {tag_area} WHERE component = 'core' AND itemtype = '{{ itemtype }}' AND enabled = 1 AND {{ setting_is_on("usetags") }}),
    @system_context = (SELECT id FROM {context} WHERE contextlevel = 10);

INSERT INTO toolsync_note (line, field, message)
SELECT x.line, '{{ column }}', 'not stored: {{ itemtype }} tags are disabled on this site'
  FROM toolsync_tagged x
  JOIN toolsync_row r ON r.line = x.line
 WHERE r.{{ column }} <> '' AND @tag_collection IS NULL;

DELETE g FROM toolsync_tag g
  LEFT JOIN toolsync_tagged x ON x.line = g.line
 WHERE x.line IS NULL OR @tag_collection IS NULL;

UPDATE toolsync_tag g
  JOIN {tag} k ON k.tagcollid = @tag_collection AND k.name = g.name
   SET g.tagid = k.id;

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

{% include "shared/drop_taggings.sql" %}

INSERT INTO {tag} (userid, tagcollid, name, rawname, isstandard, descriptionformat, flag, timemodified)
SELECT @actor, @tag_collection, w.name, w.rawname, 0, 0, 0, @now
  FROM (SELECT g.name, g.rawname, g.line, g.place, ROW_NUMBER() OVER (PARTITION BY g.name ORDER BY g.line) AS turn
          FROM toolsync_tag g
         WHERE g.tagid IS NULL) w
 WHERE w.turn = 1
 ORDER BY w.line, w.place;

UPDATE toolsync_tag g
  JOIN {tag} k ON k.tagcollid = @tag_collection AND k.name = g.name
   SET g.tagid = k.id
 WHERE g.tagid IS NULL;

UPDATE {tag_instance} ti
  JOIN toolsync_tagging o ON o.id = ti.id
  JOIN toolsync_tag g ON g.line = o.line AND g.tagid = o.tagid
   SET ti.ordering = g.place, ti.timemodified = @now
 WHERE NOT ti.ordering <=> g.place;

INSERT INTO {tag_instance} (tagid, component, itemtype, itemid, contextid, tiuserid, ordering, timecreated, timemodified)
SELECT g.tagid, 'core', '{{ itemtype }}', x.itemid, x.contextid, 0, g.place, @now, @now
  FROM toolsync_tag g
  JOIN toolsync_tagged x ON x.line = g.line
  LEFT JOIN toolsync_tagging o ON o.line = g.line AND o.tagid = g.tagid
 WHERE o.id IS NULL AND x.contextid IS NOT NULL
 ORDER BY g.line, g.place;
