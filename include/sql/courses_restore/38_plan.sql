-- What undoing a replacement takes away in turn: the content that came with the template, and what people made in it. A person approves it.
{% from "courses_restore/tables.sql" import tables with context %}
CREATE TEMPORARY TABLE toolsync_plan (
    line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, shortname VARCHAR(255) NOT NULL, fullname VARCHAR(1333) NOT NULL,
    lastaccess BIGINT NULL, activities INT NOT NULL DEFAULT 0, rows_gone BIGINT NOT NULL DEFAULT 0
);

INSERT INTO toolsync_plan (line, courseid, shortname, fullname, lastaccess)
SELECT r.line, c.id, c.shortname, c.fullname, (SELECT MAX(a.timeaccess) FROM {user_lastaccess} a WHERE a.courseid = c.id)
  FROM toolsync_row r
  JOIN {course} c ON c.id = r.courseid
 WHERE r.status IS NULL AND r.kind = 'courses';

CREATE TEMPORARY TABLE toolsync_going_rows (line INT UNSIGNED NOT NULL, name VARCHAR(64) NOT NULL, counted BIGINT NOT NULL, KEY (line));
{% for name in tables if site_has(name) %}

-- when: toolsync_plan
-- when: toolsync_unmake_{{ name }}
INSERT INTO toolsync_going_rows (line, name, counted)
SELECT m.toolsync_line, '{{ name }}', COUNT(*)
  FROM toolsync_unmake_{{ name }} m
  JOIN {{ table(name) }} t ON t.id = m.id
 GROUP BY m.toolsync_line;
{% endfor %}

-- when: toolsync_going_rows
UPDATE toolsync_plan t
  JOIN (SELECT g.line, SUM(g.counted) AS counted, SUM(IF(g.name = 'course_modules', g.counted, 0)) AS activities FROM toolsync_going_rows g GROUP BY g.line) g
    ON g.line = t.line
   SET t.rows_gone = g.counted, t.activities = g.activities;
