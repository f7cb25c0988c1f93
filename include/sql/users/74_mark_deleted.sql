-- Mark the account as deleted, and rename it so that its username is free.
{% if given("deleted") %}

CREATE TEMPORARY TABLE toolsync_leaver_address (
    userid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, mnethostid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, address VARCHAR(100) NOT NULL
);
CREATE TEMPORARY TABLE toolsync_leaver (userid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, oldname VARCHAR(100) NOT NULL, newname VARCHAR(100) NOT NULL);

INSERT INTO toolsync_leaver_address (userid, line, mnethostid, username, address)
SELECT u.id, r.line, u.mnethostid, u.username,
       LEFT(REGEXP_REPLACE(LOWER(COALESCE(NULLIF(u.email, ''), CONCAT(u.username, '.', u.id, '@unknownemail.invalid'))) COLLATE utf8mb4_bin,
                           IF(@any_username, '^[[:space:]]+|[[:space:]]+$', '[^-.@_a-z0-9]'), ''), 89)
  FROM toolsync_deleted r
  STRAIGHT_JOIN {user} u ON u.id = r.userid
 WHERE u.deleted = 0;

-- As in Moodle, the new username is the email address and the time, with a higher number if somebody has that.
INSERT INTO toolsync_leaver (userid, line, oldname, newname)
SELECT w.userid, w.line, w.username,
       CONCAT(w.address, '.', @now + ROW_NUMBER() OVER (PARTITION BY w.address ORDER BY w.line) - 1 + IF(other.id IS NULL, 0, 100000 + w.line))
  FROM toolsync_leaver_address w
  LEFT JOIN {user} other {{ by_index("user", "mnethostid", "username") }} ON other.mnethostid = w.mnethostid AND other.username = CONCAT(w.address, '.', @now);

UPDATE toolsync_leaver l
  STRAIGHT_JOIN {user} u ON u.id = l.userid
   SET u.deleted = 1, u.username = l.newname, u.email = MD5(l.oldname), u.idnumber = '', u.picture = 0, u.timemodified = @now
 WHERE u.deleted = 0;

{% if site_has("tool_dataprivacy_request") %}
-- Moodle's data privacy tool creates a request to erase the rest of the person's data, approved at once or by a privacy officer.
-- @erase: 1 if a deleted account gets a request to erase its data, otherwise 0 or NULL
-- @erase_at_once: 1 if such a request is approved at once, 0 if a privacy officer decides
SET @erase = {{ setting("automaticdeletionrequests", plugin="tool_dataprivacy") }} NOT IN ('', '0'),
    @erase_at_once = COALESCE({{ setting("automaticdatadeletionapproval", plugin="tool_dataprivacy") }}, '') NOT IN ('', '0');

CREATE TEMPORARY TABLE toolsync_erased (userid BIGINT NOT NULL PRIMARY KEY);

-- Not for accounts with an open or completed request. Statuses 6 to 9: cancelled, rejected, ready for download, expired.
INSERT INTO toolsync_erased (userid)
SELECT l.userid
  FROM toolsync_leaver l
 WHERE @erase
   AND NOT EXISTS (SELECT 1 FROM {tool_dataprivacy_request} q WHERE q.userid = l.userid AND q.type = 2 AND q.status NOT IN (6, 7, 8, 9));

-- chunks: toolsync_erased.userid
INSERT INTO {tool_dataprivacy_request} (type, comments, commentsformat, userid, requestedby, status, dpo, dpocomment, dpocommentformat, systemapproved,
       usermodified, timecreated, timemodified, creationmethod)
SELECT 2, 'Automatically created upon user deletion.', 2, e.userid, @actor, IF(@erase_at_once, 3, 2), IF(@erase_at_once, @actor, 0), '', 2, @erase_at_once,
       @actor, @now, @now, 1
  FROM toolsync_erased e
 WHERE e.userid BETWEEN @first AND @last
 ORDER BY e.userid;

-- chunks: toolsync_erased.userid
INSERT INTO {task_adhoc} (component, classname, nextruntime, faildelay, customdata, {% if site_has("task_adhoc", "attemptsavailable") %}attemptsavailable, {% endif %}timecreated)
SELECT 'tool_dataprivacy', '\\tool_dataprivacy\\task\\process_data_request_task', @now - 1, 0, CONCAT('{"requestid":', q.id, '}'),
       {% if site_has("task_adhoc", "attemptsavailable") %}12, {% endif %}@now
  FROM toolsync_erased e
  JOIN {tool_dataprivacy_request} q ON q.userid = e.userid AND q.type = 2 AND q.status = 3 AND q.timecreated = @now
 WHERE e.userid BETWEEN @first AND @last AND @erase_at_once
 ORDER BY e.userid;
{% endif %}
{% endif %}
