-- Put groups into the groupings that the line names, and into their own (`selfgrouping`).
CREATE TEMPORARY TABLE toolsync_binding (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, groupingid BIGINT NOT NULL, groupid BIGINT NOT NULL, line INT UNSIGNED NOT NULL,
    UNIQUE KEY (groupingid, groupid)
);

{% for column, into in [("grouping", "bindto"), ("groupingname", "madeto"), ("selfgrouping", "selfto")] if given(column) %}
INSERT IGNORE INTO toolsync_binding (groupingid, groupid, line)
SELECT r.{{ into }}, r.target, r.line
  FROM toolsync_row r
  LEFT JOIN {groupings_groups} gg ON gg.groupingid = r.{{ into }} AND gg.groupid = r.target
 WHERE r.{{ into }} IS NOT NULL AND r.target IS NOT NULL AND r.kind = 'group' AND COALESCE(r.status, '') <> 'failed' AND gg.id IS NULL
 ORDER BY r.line;

{% endfor %}
-- chunks: toolsync_binding.seq
INSERT INTO {groupings_groups} (groupingid, groupid, timeadded)
SELECT w.groupingid, w.groupid, @now
  FROM toolsync_binding w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

UPDATE toolsync_row r
  JOIN toolsync_binding w ON w.line = r.line
   SET r.status = 'updated'
 WHERE r.status IS NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_binding w LIMIT 1;
