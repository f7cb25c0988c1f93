-- What depends on a course that is back: course counts, caches, the rights of its people.
CREATE TEMPORARY TABLE toolsync_course_back (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_course_back (id)
SELECT c.id FROM toolsync_row r JOIN {course} c ON c.id = r.courseid WHERE r.status IS NULL;
{% if not rehearsal %}

CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_back_course
INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT b.category FROM toolsync_back_course b;

{% include "shared/category_size.sql" %}

-- Where the courses of these categories stand from now on.
CREATE TEMPORARY TABLE toolsync_place (id BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL);

-- python: places_of_courses_back INTO toolsync_place
SELECT c.category, c.id, CAST(c.sortorder % @category_size AS SIGNED), r.bundle_name
  FROM toolsync_affected a
  JOIN {course} c ON c.category = a.categoryid
  LEFT JOIN toolsync_row r ON r.courseid = c.id AND r.kind = 'courses_delete' AND r.status IS NULL
 ORDER BY c.category, c.sortorder, c.id DESC;

CREATE TEMPORARY TABLE toolsync_sortorder (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_sortorder (id, sortorder)
SELECT c.id, k.sortorder + p.place
  FROM toolsync_place p
  JOIN {course} c ON c.id = p.id
  JOIN {course_categories} k ON k.id = c.category
 WHERE c.sortorder <> k.sortorder + p.place;

{% include "shared/course/order.sql" %}
{% endif %}

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
