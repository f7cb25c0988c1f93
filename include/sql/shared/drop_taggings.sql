-- Delete the taggings in toolsync_tagging_gone, and the tags that are then unused, unless they are standard tags.
DELETE ti FROM toolsync_tagging_gone d STRAIGHT_JOIN {tag_instance} ti ON ti.id = d.id;

DROP TEMPORARY TABLE IF EXISTS toolsync_tag_gone;
CREATE TEMPORARY TABLE toolsync_tag_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_tag_gone (id)
SELECT d.tagid
  FROM toolsync_tagging_gone d
  JOIN {tag} t ON t.id = d.tagid
 WHERE t.isstandard = 0 AND NOT EXISTS (SELECT 1 FROM {tag_instance} ti WHERE ti.tagid = d.tagid);

DELETE c FROM toolsync_tag_gone d STRAIGHT_JOIN {tag_correlation} c {{ by_index("tag_correlation", "tagid") }} ON c.tagid = d.id;
DELETE t FROM toolsync_tag_gone d STRAIGHT_JOIN {tag} t ON t.id = d.id;

DROP TEMPORARY TABLE IF EXISTS toolsync_file_gone;
CREATE TEMPORARY TABLE toolsync_file_gone (id BIGINT NOT NULL PRIMARY KEY, draftid BIGINT NOT NULL);

INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.itemid)
  FROM toolsync_tag_gone d
  JOIN {files} f ON f.component = 'tag' AND f.filearea = 'description' AND f.contextid = @system_context AND f.itemid = d.id;

{% include "shared/files_gone.sql" %}
