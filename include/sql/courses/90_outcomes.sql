-- The outcome of each line, and the caches and sessions that changed courses make stale.

-- 40_update_courses.sql did this for the courses that it changed.
UPDATE toolsync_was_course w
  STRAIGHT_JOIN toolsync_course t ON t.id = w.id
  STRAIGHT_JOIN {course} c ON c.id = w.id
   SET c.cacherev = IF(c.cacherev < @now OR c.cacherev > @now + 3600, @now, c.cacherev + 1)
 WHERE t.touched AND NOT t.changed;

{% if given("template") %}

-- Existing courses filled from a template may have new role overrides and groups.
INSERT IGNORE INTO toolsync_moved_context (id, former, path, deeper)
SELECT t.contextid, t.contextpath, x.path, 0
  FROM toolsync_merging g
  JOIN toolsync_course t ON t.id = g.courseid
  JOIN {context} x ON x.id = t.contextid;
{% for topic in ["groups", "completion", "grade_categories", "role_overrides"] %}

-- when: toolsync_merging
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('{{ topic }}');
{% endfor %}
{% endif %}

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT m.path FROM toolsync_moved_context m;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'courses' FROM toolsync_course t WHERE t.isnew OR t.changed LIMIT 1;

{% if given("template") %}
CREATE TEMPORARY TABLE toolsync_remembered (courseid BIGINT NOT NULL PRIMARY KEY);

-- The courses that this transaction wrote. If one of them is a template, its rows are read within the transaction.
-- python: remember_changed_courses INTO toolsync_remembered
SELECT t.id FROM toolsync_course t WHERE t.isnew OR t.changed OR t.touched;
{% endif %}

UPDATE toolsync_row r
  JOIN toolsync_course t ON t.line = r.line
   SET r.status = CASE WHEN t.isnew OR t.restored THEN 'created' WHEN t.changed OR t.touched THEN 'updated' ELSE 'unchanged' END
 WHERE r.status IS NULL;
