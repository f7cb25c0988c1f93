-- Tags: those of a course become exactly those of its line, in that order.
{% if given("tags") %}

{% include "courses/tags_given.sql" %}

-- @tag_collection: id of the collection that holds tags of courses; NULL: the site does not use them
-- @system_context: id of the context of the whole site
SET @tag_collection = (SELECT tagcollid FROM {tag_area} WHERE component = 'core' AND itemtype = 'course' AND enabled = 1 AND @tags_in_use),
    @system_context = (SELECT id FROM {context} WHERE contextlevel = 10);

INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'tags', 'not stored: course tags are disabled on this site'
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
 WHERE r.tags <> '' AND @tag_collection IS NULL;

DELETE g FROM toolsync_tag g
  LEFT JOIN toolsync_course t ON t.line = g.line
 WHERE t.line IS NULL OR @tag_collection IS NULL;

UPDATE toolsync_tag g
  JOIN {tag} k ON k.tagcollid = @tag_collection AND k.name = g.name
   SET g.tagid = k.id;

CREATE TEMPORARY TABLE toolsync_tagging_gone (id BIGINT NOT NULL PRIMARY KEY, tagid BIGINT NOT NULL);

INSERT INTO toolsync_tagging_gone (id, tagid)
SELECT ti.id, ti.tagid
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = t.id AND ti.tiuserid = 0
  LEFT JOIN toolsync_tag g ON g.line = t.line AND g.tagid = ti.tagid
 WHERE NOT t.bare AND r.tags IS NOT NULL AND g.line IS NULL AND @tag_collection IS NOT NULL;

UPDATE toolsync_course t
  JOIN toolsync_tag g ON g.line = t.line
  LEFT JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = t.id AND ti.tiuserid = 0 AND ti.tagid = g.tagid
   SET t.changed = 1
 WHERE NOT ti.ordering <=> g.place;

UPDATE toolsync_course t
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = t.id
  JOIN toolsync_tagging_gone d ON d.id = ti.id
   SET t.changed = 1;

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
  JOIN toolsync_course t ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = t.id AND ti.tiuserid = 0
  JOIN toolsync_tag g ON g.line = t.line AND g.tagid = ti.tagid
   SET ti.ordering = g.place, ti.timemodified = @now
 WHERE NOT ti.ordering <=> g.place;

INSERT INTO {tag_instance} (tagid, component, itemtype, itemid, contextid, tiuserid, ordering, timecreated, timemodified)
SELECT g.tagid, 'core', 'course', t.id, t.contextid, 0, g.place, @now, @now
  FROM toolsync_tag g
  JOIN toolsync_course t ON t.line = g.line
  LEFT JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = t.id AND ti.tiuserid = 0 AND ti.tagid = g.tagid
 WHERE ti.id IS NULL
 ORDER BY g.line, g.place;
{% endif %}
