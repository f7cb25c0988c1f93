-- The flags in toolsync_flag, which open sessions look for on their next page: whose rights, or the roles of which contexts, they have to load again.

-- @flag_expiry: when they expire, in Unix seconds: after the longest time for which a session may be idle
SET @flag_expiry = @now + COALESCE(NULLIF(LEAST(GREATEST({{ setting("sessiontimeout") }} + 0, 0), 31536000), 0), 28800);

CREATE TEMPORARY TABLE toolsync_flag_known (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_flag_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, flagtype VARCHAR(50) NOT NULL, name VARCHAR(255) NOT NULL
);

INSERT IGNORE INTO toolsync_flag_known (id)
SELECT f.id
  FROM toolsync_flag d
  STRAIGHT_JOIN {cache_flags} f {{ by_index("cache_flags", "name") }} ON f.name = d.name AND f.flagtype = d.flagtype
 WHERE NOT (f.value = '1' AND f.timemodified = @now AND f.expiry = @flag_expiry);

UPDATE toolsync_flag_known d
  STRAIGHT_JOIN {cache_flags} f ON f.id = d.id
   SET f.value = '1', f.timemodified = @now, f.expiry = @flag_expiry;

-- Only now, because Moodle's cron deletes flags that have expired.
INSERT INTO toolsync_flag_new (flagtype, name)
SELECT d.flagtype, d.name
  FROM toolsync_flag d
  LEFT JOIN {cache_flags} f {{ by_index("cache_flags", "name") }} ON f.name = d.name AND f.flagtype = d.flagtype
 WHERE f.id IS NULL;

-- chunks: toolsync_flag_new.seq
INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry)
SELECT d.flagtype, d.name, @now, '1', @flag_expiry
  FROM toolsync_flag_new d
 WHERE d.seq BETWEEN @first AND @last
 ORDER BY d.seq;
