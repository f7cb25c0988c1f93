{% if contents_stay is defined %}
-- Delete the rows of the files in toolsync_file_gone. Their contents stay, because the undo bundle refers to them.
DELETE f FROM toolsync_file_gone d STRAIGHT_JOIN {files} f ON f.id = d.id;
{% else %}
{% if may_have_aliases is defined %}
{% with going="toolsync_file_gone" %}{% include "shared/aliases.sql" %}{% endwith %}

{% include "shared/unlink.sql" %}

{% endif %}
{% if dataroot_at_hand() %}
-- Delete the rows of the files in toolsync_file_gone. After the commit, contents without any other row go to the site's trash.
INSERT IGNORE INTO toolsync_content_gone (contenthash) SELECT f.contenthash FROM toolsync_file_gone d JOIN {files} f ON f.id = d.id;

DELETE f FROM toolsync_file_gone d STRAIGHT_JOIN {files} f ON f.id = d.id;
{% else %}
-- Turn the files in toolsync_file_gone (draftid: the first id of their area) into draft files of the administrator that are five days old.
-- Moodle's cron deletes draft files older than four days, with contents that nothing else uses. Deleting the rows would leave the contents for ever.

-- @draft_context: id of the context of the account @actor, in which its draft areas are
-- when: toolsync_file_gone
SET @draft_context = (SELECT id FROM {context} WHERE contextlevel = 30 AND instanceid = @actor);

UPDATE toolsync_file_gone d
  STRAIGHT_JOIN {files} f ON f.id = d.id
   SET f.pathnamehash = SHA1(CONCAT('/', @draft_context, '/user/draft/', d.draftid, f.filepath, f.filename)),
       f.contextid = @draft_context, f.component = 'user', f.filearea = 'draft', f.itemid = d.draftid, f.userid = @actor,
       f.timecreated = @now - 432000, f.timemodified = @now - 432000, f.referencefileid = NULL;
{% endif %}
{% endif %}
