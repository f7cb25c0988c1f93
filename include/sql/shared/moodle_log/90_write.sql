-- A context that is gone as well had an id, too. What has none is the site's own affair.
-- @system: id of the context of the whole site
SET @system = (SELECT c.id FROM {context} c WHERE c.contextlevel = 10 AND c.instanceid = 0);

-- chunks: toolsync_log.seq
INSERT INTO {logstore_standard_log} (eventname, component, action, target, objecttable, objectid, crud, edulevel, contextid, contextlevel, contextinstanceid, userid, courseid, relateduserid, anonymous, other, timecreated, origin, ip, realuserid)
SELECT CONCAT('\\core\\event\\', w.target, '_', w.action), 'core', w.action, w.target, w.objecttable, w.objectid, w.crud, w.edulevel, COALESCE(c.id, x.id, @system), w.contextlevel,
  w.instanceid, @actor, w.courseid, w.relateduserid, 0, w.other, @now, 'cli', NULL, NULL
FROM toolsync_log w
LEFT JOIN {context} c ON c.contextlevel = w.contextlevel AND c.instanceid = w.instanceid
LEFT JOIN toolsync_log_gone_context x ON x.contextlevel = w.contextlevel AND x.instanceid = w.instanceid
WHERE w.seq BETWEEN @first AND @last ORDER BY w.seq;
