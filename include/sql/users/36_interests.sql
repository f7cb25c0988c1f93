-- Interests: the tags of an account become exactly those of its line, in that order.
{% if given("interests") %}

{% include "users/interests_given.sql" %}

-- @tag_collection: id of the collection that holds interests; NULL: the site does not use them
SET @tag_collection = (SELECT tagcollid FROM {tag_area} WHERE component = 'core' AND itemtype = 'user' AND enabled = 1 AND @tags_in_use);

INSERT INTO toolsync_note (line, field, message)
SELECT line, 'interests', 'not stored: tags are disabled on this site'
  FROM toolsync_row
 WHERE status IS NULL AND interests <> '' AND @tag_collection IS NULL;

DELETE i FROM toolsync_interest i
  JOIN toolsync_row r ON r.line = i.line
 WHERE r.status IS NOT NULL OR @tag_collection IS NULL;

UPDATE toolsync_interest i
  JOIN {tag} t ON t.tagcollid = @tag_collection AND t.name = i.name
   SET i.tagid = t.id;

CREATE TEMPORARY TABLE toolsync_tagging (
    id BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, tagid BIGINT NOT NULL, ordering BIGINT NULL, KEY (line, tagid)
);

INSERT INTO toolsync_tagging (id, line, tagid, ordering)
SELECT ti.id, r.line, ti.tagid, ti.ordering
  FROM toolsync_row r
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = r.userid AND ti.tiuserid = 0
 WHERE r.status IS NULL AND r.interests IS NOT NULL AND @tag_collection IS NOT NULL;

DROP TEMPORARY TABLE IF EXISTS toolsync_tagging_gone;
CREATE TEMPORARY TABLE toolsync_tagging_gone (id BIGINT NOT NULL PRIMARY KEY, tagid BIGINT NOT NULL);

INSERT INTO toolsync_tagging_gone (id, tagid)
SELECT g.id, g.tagid
  FROM toolsync_tagging g
  LEFT JOIN toolsync_interest i ON i.line = g.line AND i.tagid = g.tagid
 WHERE i.line IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_tagging g ON g.line = r.line
  JOIN toolsync_tagging_gone d ON d.id = g.id
   SET r.changed = 1;

UPDATE toolsync_row r
  JOIN toolsync_interest i ON i.line = r.line
  LEFT JOIN toolsync_tagging g ON g.line = i.line AND g.tagid = i.tagid
   SET r.changed = 1
 WHERE NOT g.ordering <=> i.place;

{% include "shared/drop_taggings.sql" %}

INSERT INTO {tag} (userid, tagcollid, name, rawname, isstandard, descriptionformat, flag, timemodified)
SELECT @actor, @tag_collection, w.name, w.rawname, 0, 0, 0, @now
  FROM (SELECT i.name, i.rawname, i.line, i.place, ROW_NUMBER() OVER (PARTITION BY i.name ORDER BY i.line) AS turn
          FROM toolsync_interest i
         WHERE i.tagid IS NULL) w
 WHERE w.turn = 1
 ORDER BY w.line, w.place;

UPDATE toolsync_interest i
  JOIN {tag} t ON t.tagcollid = @tag_collection AND t.name = i.name
   SET i.tagid = t.id
 WHERE i.tagid IS NULL;

UPDATE {tag_instance} ti
  JOIN toolsync_tagging g ON g.id = ti.id
  JOIN toolsync_interest i ON i.line = g.line AND i.tagid = g.tagid
   SET ti.ordering = i.place, ti.timemodified = @now
 WHERE NOT ti.ordering <=> i.place;

INSERT INTO {tag_instance} (tagid, component, itemtype, itemid, contextid, tiuserid, ordering, timecreated, timemodified)
SELECT i.tagid, 'core', 'user', r.userid, c.id, 0, i.place, @now, @now
  FROM toolsync_interest i
  JOIN toolsync_row r ON r.line = i.line
  JOIN {context} c ON c.contextlevel = 30 AND c.instanceid = r.userid
  LEFT JOIN toolsync_tagging g ON g.line = i.line AND g.tagid = i.tagid
 WHERE g.id IS NULL
 ORDER BY i.line, i.place;
{% endif %}
