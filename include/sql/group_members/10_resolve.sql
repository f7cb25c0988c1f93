{% import "shared/identify.sql" as named with context %}
{% from "shared/looked_up.sql" import looked_up with context %}
{% include "shared/people_tables.sql" %}

-- The lines that have not failed, with the ids that their values name.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, userid BIGINT NULL, users INT NOT NULL,
    courseid BIGINT NULL, courses INT NOT NULL, groupid BIGINT NULL, matches INT NOT NULL
);

INSERT INTO toolsync_line (line, command, userid, users, courseid, courses, groupid, matches)
SELECT r.line, LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20), u.id, u.id IS NOT NULL, c.id, c.id IS NOT NULL, g.id, g.id IS NOT NULL
  FROM toolsync_row r
  LEFT JOIN {user} u ON {{ named.user("u", option.user_id_field, "r.userid") }}
  LEFT JOIN {course} c ON {{ named.course("c", option.course_id_field, "r.courseid") }}
  LEFT JOIN {groups} g ON {{ named.group("g", option.group_id_field, "r.groupid", "c.id") }}
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE users = toolsync_line.users + COALESCE(VALUES(userid) <> toolsync_line.userid, 0),
                            courses = toolsync_line.courses + COALESCE(VALUES(courseid) <> toolsync_line.courseid, 0),
                            matches = toolsync_line.matches + COALESCE(VALUES(groupid) <> toolsync_line.groupid, 0);

-- Lines that can't be done, with the reason: `column|message`.
CREATE TEMPORARY TABLE toolsync_fault (line INT UNSIGNED NOT NULL PRIMARY KEY, fault VARCHAR(500) NOT NULL);

INSERT INTO toolsync_fault (line, fault)
SELECT w.line, w.fault
  FROM (SELECT l.line,
       CASE WHEN l.command NOT IN ('add', 'shift', 'del') THEN 'cmd|expected add, shift or del'
{{ looked_up([("courseid", "courses", "a course", "course", "courses", option.course_id_field),
              ("groupid", "matches", "a group", "group of this course", "groups of this course", option.group_id_field),
              ("userid", "users", "an account", "account", "accounts", option.user_id_field)]) }}
        END AS fault
          FROM toolsync_line l
          JOIN toolsync_row r ON r.line = l.line) w
 WHERE w.fault IS NOT NULL;

{% with lines="toolsync_line" %}{% include "shared/faults.sql" %}{% endwith %}
