-- Create the missing contexts of activities.
CREATE TEMPORARY TABLE toolsync_made_context (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, path VARCHAR(255) NULL);

-- when: toolsync_context_missing
-- chunks: toolsync_context_missing.moduleid
INSERT INTO {context} (contextlevel, instanceid, depth, path, locked)
SELECT 70, k.moduleid, c.depth + 1, NULL, 0
  FROM toolsync_context_missing k
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = k.courseid
 WHERE k.moduleid BETWEEN @first AND @last
 ORDER BY k.moduleid;

-- when: toolsync_context_missing
INSERT INTO toolsync_made_context (id, courseid, path)
SELECT x.id, k.courseid, CONCAT(c.path, '/', x.id)
  FROM toolsync_context_missing k
  JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = k.moduleid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = k.courseid;

-- when: toolsync_made_context
UPDATE toolsync_made_context k
  STRAIGHT_JOIN {context} x ON x.id = k.id
   SET x.path = k.path;
