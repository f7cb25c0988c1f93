{% import "shared/identify.sql" as named with context %}
{% from "shared/looked_up.sql" import looked_up with context %}
{% include "shared/people_tables.sql" %}
{% include "shared/group_tables.sql" %}

-- The lines that have not failed, with the ids that their values name.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, userid BIGINT NULL, users INT NOT NULL, bestuser TINYINT NOT NULL,
    courseid BIGINT NULL, courses INT NOT NULL, bestcourse TINYINT NOT NULL, groupid BIGINT NULL, matches INT NOT NULL
);

INSERT INTO toolsync_line (line, command, userid, users, bestuser, courseid, courses, bestcourse, matches)
SELECT r.line, LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20),
       u.id, u.id IS NOT NULL, COALESCE({{ named.best("u", option.user_id_field, "r.userid") }}, 0),
       c.id, c.id IS NOT NULL, COALESCE({{ named.best("c", option.course_id_field, "r.courseid") }}, 0), 0
  FROM toolsync_row r
  LEFT JOIN {user} u {{ named.index("user", option.user_id_field) }} ON {{ named.user("u", option.user_id_field, "r.userid") }}
  LEFT JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.courseid") }}
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE {{ named.better("toolsync_line", "userid", "users", "bestuser") }},
                            {{ named.better("toolsync_line", "courseid", "courses", "bestcourse") }};

INSERT IGNORE INTO toolsync_group_asked (courseid, name, looks, lowered)
SELECT l.courseid, r.groupid, r.groupid, LOWER(r.groupid)
  FROM toolsync_line l
  JOIN toolsync_row r ON r.line = l.line
 WHERE l.courses = 1 AND r.groupid <> '' AND CHAR_LENGTH(r.groupid) <= 254;

{% with by=option.group_id_field %}{% include "shared/find_groups.sql" %}{% endwith %}

UPDATE toolsync_line l
  JOIN toolsync_row r ON r.line = l.line
  JOIN toolsync_group_found f ON f.courseid = l.courseid AND f.name = r.groupid
   SET l.groupid = f.groupid, l.matches = f.matches;

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

{% with looked=[("userid", "user", option.user_id_field, named.is_user("x")), ("courseid", "course", option.course_id_field, named.is_course("x")),
                ("groupid", "groups", option.group_id_field, "x.courseid = l.courseid")] %}
{% include "shared/looks.sql" %}
{% endwith %}

{% with lines="toolsync_line" %}{% include "shared/faults.sql" %}{% endwith %}
