{% if contents_stay is defined %}
-- Files in toolsync_file_gone: their rows go; their contents stay, for the undo bundle refers to them.
DELETE f FROM {files} f JOIN toolsync_file_gone d ON d.id = f.id;
{% elif dataroot_at_hand() %}
-- Files in toolsync_file_gone: their rows go, and after the commit the contents that no other row refers to.
INSERT IGNORE INTO toolsync_content_gone (contenthash) SELECT f.contenthash FROM toolsync_file_gone d JOIN {files} f ON f.id = d.id;

DELETE f FROM {files} f JOIN toolsync_file_gone d ON d.id = f.id;
{% else %}
-- Files in toolsync_file_gone, each with the first id of its area, become a draft area of the administrator that is older than four days:
-- Moodle's daily file cron removes it, with the contents that nothing else uses. Deleting the rows would leave the contents behind for ever.

-- @draft_context: id of the context of the account @actor, in which its draft areas are
SET @draft_context = (SELECT id FROM {context} WHERE contextlevel = 30 AND instanceid = @actor);

UPDATE {files} f
  JOIN toolsync_file_gone d ON d.id = f.id
   SET f.pathnamehash = SHA1(CONCAT('/', @draft_context, '/user/draft/', d.draftid, f.filepath, f.filename)),
       f.contextid = @draft_context, f.component = 'user', f.filearea = 'draft', f.itemid = d.draftid, f.userid = @actor,
       f.timecreated = @now - 432000, f.timemodified = @now - 432000;
{% endif %}
