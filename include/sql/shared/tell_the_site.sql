-- Flags that open sessions check on their next page: whose rights, and the roles of which contexts, they have to load again.

-- @flag_expiry: when the flags set below expire, in Unix seconds: after the longest time for which a session may be idle
SET @flag_expiry = @now + COALESCE((SELECT value FROM {config} WHERE name = 'sessiontimeout'), 28800);

UPDATE {cache_flags} f
  JOIN toolsync_dirty_user d ON f.name = CAST(d.userid AS CHAR) AND f.flagtype = 'accesslib/dirtyusers'
   SET f.value = '1', f.timemodified = @now, f.expiry = @flag_expiry;

INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry)
SELECT 'accesslib/dirtyusers', d.userid, @now, '1', @flag_expiry
  FROM toolsync_dirty_user d
  LEFT JOIN {cache_flags} f ON f.name = CAST(d.userid AS CHAR) AND f.flagtype = 'accesslib/dirtyusers'
 WHERE f.id IS NULL;

UPDATE {cache_flags} f
  JOIN toolsync_dirty_context d ON f.name = d.path AND f.flagtype = 'accesslib/dirtycontexts'
   SET f.value = '1', f.timemodified = @now, f.expiry = @flag_expiry;

INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry)
SELECT 'accesslib/dirtycontexts', d.path, @now, '1', @flag_expiry
  FROM toolsync_dirty_context d
  LEFT JOIN {cache_flags} f ON f.name = d.path AND f.flagtype = 'accesslib/dirtycontexts'
 WHERE f.id IS NULL;
