-- What depends on a course that is back: course counts, caches, the rights of its people.
CREATE TEMPORARY TABLE toolsync_dirty_user (userid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_dirty_context (path VARCHAR(255) NOT NULL PRIMARY KEY);

CREATE TEMPORARY TABLE toolsync_course_back (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_course_back (id)
SELECT c.id FROM toolsync_row r JOIN {course} c ON c.id = r.courseid WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_affected (categoryid BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_back_course
INSERT IGNORE INTO toolsync_affected (categoryid)
SELECT b.category FROM toolsync_back_course b;

{% include "shared/category_size.sql" %}

-- The courses of these categories. `number`, `byid`: their places by sortorder and by id, without those that are back; or among these.
CREATE TEMPORARY TABLE toolsync_place (
    id BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, sortorder BIGINT NOT NULL, former BIGINT NOT NULL, place BIGINT NOT NULL, isback TINYINT NOT NULL,
    number BIGINT NOT NULL, byid BIGINT NOT NULL, KEY (category)
);

INSERT INTO toolsync_place (id, category, sortorder, former, place, isback, number, byid)
SELECT d.id, d.category, d.sortorder, d.former, d.place, d.isback,
       ROW_NUMBER() OVER (PARTITION BY d.category, d.isback ORDER BY d.place, d.id DESC), ROW_NUMBER() OVER (PARTITION BY d.category, d.isback ORDER BY d.id DESC)
  FROM (SELECT c.id, c.category, k.sortorder, c.sortorder AS former, c.sortorder % @category_size AS place, b.id IS NOT NULL AS isback
          FROM toolsync_affected a
          JOIN {course_categories} k ON k.id = a.categoryid
          JOIN {course} c ON c.category = a.categoryid
          LEFT JOIN toolsync_back_course b ON b.id = c.id) d;

-- Categories in the order in which courses are created, the newest first: nobody has sorted them.
CREATE TEMPORARY TABLE toolsync_unsorted (category BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_unsorted (category)
SELECT p.category FROM toolsync_place p GROUP BY p.category HAVING MIN(p.isback OR p.number = p.byid);

-- There, a course that is back goes where its id belongs; elsewhere, to its former place, and the others fill the rest.
CREATE TEMPORARY TABLE toolsync_sortorder (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_sortorder (id, sortorder)
SELECT d.id, d.sortorder
  FROM (SELECT p.id, p.former,
               p.sortorder + ROW_NUMBER() OVER (PARTITION BY p.category ORDER BY IF(u.category IS NOT NULL, -p.id, IF(p.isback, p.place - p.number, p.number)), p.isback, p.place) AS sortorder
          FROM toolsync_place p
          LEFT JOIN toolsync_unsorted u ON u.category = p.category) d
 WHERE d.sortorder <> d.former;

{% include "shared/course/order.sql" %}

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
