-- The plan that a person approves: name, people, last access, activities and size of each course in toolsync_of_course.

CREATE TEMPORARY TABLE toolsync_plan (
    line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, shortname VARCHAR(255) NOT NULL, fullname VARCHAR(1333) NOT NULL,
    idnumber VARCHAR(100) NOT NULL, category TEXT NULL, people INT NOT NULL DEFAULT 0, lastaccess BIGINT NULL, activities INT NOT NULL DEFAULT 0,
    files INT NOT NULL DEFAULT 0, bytes BIGINT NOT NULL DEFAULT 0, rows_gone BIGINT NOT NULL DEFAULT 0{{ ", " ~ more_columns if more_columns is defined }}, KEY (courseid)
);

CREATE TEMPORARY TABLE toolsync_plan_category (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL);

-- Parents of a broken site may go round in a circle.
INSERT INTO toolsync_plan_category (id, name)
WITH RECURSIVE up (id, parent, name, step) AS (
    SELECT k.id, k.parent, k.name, 1
      FROM (SELECT DISTINCT c.category
              FROM toolsync_row r
              JOIN {{ these if these is defined else "toolsync_of_course" }} p ON p.id = r.courseid
              STRAIGHT_JOIN {course} c ON c.id = p.id
             WHERE r.status IS NULL) w
      JOIN {course_categories} k ON k.id = w.category
     UNION ALL
    SELECT u.id, k.parent, k.name, u.step + 1
      FROM up u
      JOIN {course_categories} k ON k.id = u.parent
     WHERE u.step < 50
)
SELECT u.id, GROUP_CONCAT(u.name ORDER BY u.step DESC SEPARATOR ' / ') FROM up u GROUP BY u.id;

INSERT INTO toolsync_plan (line, courseid, shortname, fullname, idnumber, category, people, lastaccess, activities)
SELECT r.line, c.id, c.shortname, c.fullname, c.idnumber,
       k.name,
       (SELECT COUNT(DISTINCT ue.userid) FROM {enrol} e {{ by_index("enrol", "courseid") }} STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id WHERE e.courseid = c.id),
       (SELECT MAX(a.timeaccess) FROM {user_lastaccess} a {{ by_index("user_lastaccess", "courseid") }} WHERE a.courseid = c.id),
       (SELECT COUNT(*) FROM {course_modules} cm {{ by_index("course_modules", "course") }} WHERE cm.course = c.id AND cm.deletioninprogress = 0)
  FROM toolsync_row r
  JOIN {{ these if these is defined else "toolsync_of_course" }} p ON p.id = r.courseid
  STRAIGHT_JOIN {course} c ON c.id = p.id
  LEFT JOIN toolsync_plan_category k ON k.id = c.category
 WHERE r.status IS NULL;

CREATE TEMPORARY TABLE toolsync_size (courseid BIGINT NOT NULL PRIMARY KEY, files INT NOT NULL, bytes BIGINT NOT NULL);

-- when: toolsync_of_files
INSERT INTO toolsync_size (courseid, files, bytes)
SELECT p.courseid, COUNT(*), SUM(f.filesize)
  FROM toolsync_of_files p
  JOIN {files} f ON f.id = p.id AND f.filename <> '.'
 GROUP BY p.courseid;

UPDATE toolsync_plan t
  JOIN toolsync_size s ON s.courseid = t.courseid
   SET t.files = s.files, t.bytes = s.bytes;
