-- What depends on a course that is back: course counts, caches, the rights of its people.
CREATE TEMPORARY TABLE toolsync_dirty_user (userid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_dirty_context (path VARCHAR(255) NOT NULL PRIMARY KEY);

CREATE TEMPORARY TABLE toolsync_course_back (id BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_course_back (id, category)
SELECT c.id, c.category FROM toolsync_row r JOIN {course} c ON c.id = r.courseid WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_category_count (id BIGINT NOT NULL PRIMARY KEY, coursecount BIGINT NOT NULL);

INSERT INTO toolsync_category_count (id, coursecount)
SELECT k.id, k.counted
  FROM (SELECT b.category AS id, (SELECT COUNT(*) FROM {course} x WHERE x.category = b.category) AS counted
          FROM toolsync_course_back b
         GROUP BY b.category) k
  JOIN {course_categories} o ON o.id = k.id AND o.coursecount <> k.counted;

UPDATE toolsync_category_count w
  STRAIGHT_JOIN {course_categories} k ON k.id = w.id
   SET k.coursecount = w.coursecount;

UPDATE toolsync_course_back b
  STRAIGHT_JOIN {course} c ON c.id = b.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT ue.userid
  FROM toolsync_row r
  JOIN {enrol} e ON e.courseid = r.courseid
  JOIN {user_enrolments} ue ON ue.enrolid = e.id
 WHERE r.status IS NULL;

-- when: toolsync_was_user_enrolments
INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT w.userid FROM toolsync_was_user_enrolments w;

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path
  FROM toolsync_row r
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = r.courseid
 WHERE r.status IS NULL;

{% include "shared/tell_the_site.sql" %}
{% for topic in ["courses", "contacts", "groups", "completion", "overrides", "glossary", "grade_restrictions"] %}

INSERT IGNORE INTO toolsync_stale (topic) SELECT '{{ topic }}' FROM toolsync_row r WHERE r.status IS NULL LIMIT 1;
{% endfor %}

CREATE TEMPORARY TABLE toolsync_remark (line INT UNSIGNED NOT NULL, message TEXT NOT NULL);

-- when: toolsync_back_files
-- python: missing_contents INTO toolsync_remark
SELECT b.toolsync_line, b.filename, b.contenthash FROM toolsync_back_files b ORDER BY b.toolsync_line, b.id;

INSERT INTO toolsync_note (line, message)
SELECT m.line, m.message FROM toolsync_remark m;

INSERT INTO toolsync_note (line, message)
SELECT r.line, CONCAT('from undo bundle ', r.kind, '/', r.bundle_name) FROM toolsync_row r WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_done (line INT UNSIGNED NOT NULL PRIMARY KEY);

-- python: mark_put_back INTO toolsync_done
SELECT r.line, r.kind, r.bundle_name FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;

UPDATE toolsync_row r SET r.status = IF(r.kind = 'courses_delete', 'created', 'updated') WHERE r.status IS NULL;
