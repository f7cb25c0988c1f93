{% import "shared/identify.sql" as named with context %}
{% include "shared/people_tables.sql" %}

{% set cmd = "LOWER(COALESCE(NULLIF(r.cmd, ''), '" ~ option.default_cmd ~ "'))" %}
{% set method = "LEFT(COALESCE(NULLIF(r.enrol, ''), IF(" ~ cmd ~ " IN ('enable', 'disable'), NULL, '" ~ option.default_method ~ "')), 100)" %}
-- The lines that have not failed, with the ids that their values name.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, roleonly TINYINT NOT NULL, method VARCHAR(100) NULL,
    groupcommand VARCHAR(20) NULL, starttime BIGINT NULL, endtime BIGINT NULL,
    userid BIGINT NULL, users INT NOT NULL, courseid BIGINT NULL, courses INT NOT NULL, contextid BIGINT NULL, roleid BIGINT NULL
);

INSERT INTO toolsync_line (line, command, roleonly, method, groupcommand, starttime, endtime, userid, users, courseid, courses, contextid, roleid)
SELECT r.line, IF({{ cmd }} = 'delete', 'del', LEFT({{ cmd }}, 20)), COALESCE({{ method }} = '-', 0), NULLIF({{ method }}, '-'),
       NULLIF(LEFT(LOWER(r.gcmd), 20), ''), r.starttime, r.endtime, u.id, u.id IS NOT NULL, c.id, c.id IS NOT NULL, x.id, ro.id
  FROM toolsync_row r
  LEFT JOIN {user} u ON {{ named.user("u", option.user_id_field, "r.uid") }}
  LEFT JOIN {course} c ON {{ named.course("c", option.course_id_field, "r.cid") }}
  LEFT JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
  LEFT JOIN {role} ro ON {{ named.role("ro", "shortname", "r.rolename") }}
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE users = toolsync_line.users + COALESCE(VALUES(userid) <> toolsync_line.userid, 0),
                            courses = toolsync_line.courses + COALESCE(VALUES(courseid) <> toolsync_line.courseid, 0);

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'cmd', r.message = 'expected add, del, shift, enable or disable'
 WHERE l.command NOT IN ('add', 'del', 'shift', 'enable', 'disable');

{% with looked_up=[("uid", "users", "an account", "account", "accounts", option.user_id_field),
                   ("cid", "courses", "a course", "course", "courses", option.course_id_field)] %}
{% include "shared/looked_up.sql" %}
{% endwith %}

-- `del` of a role without an enrolment (method `-`) takes its short name, or * for all roles of the person in the course. Where the role is not used,
-- rolename may be anything.
UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'rolename',
       r.message = CASE WHEN COALESCE(r.rolename, '') <> '' THEN 'no role has this shortname'
                        WHEN l.command = 'del' THEN 'expected a role, or * for all of them'
                        ELSE 'expected the shortname of a role' END
 WHERE r.status IS NULL AND l.roleid IS NULL
   AND (l.command IN ('add', 'shift') OR l.command = 'del' AND l.roleonly AND COALESCE(r.rolename, '') <> '*');

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'enrol',
       r.message = CASE WHEN l.roleonly THEN 'a role without an enrolment (-) cannot be enabled or disabled'
                        WHEN l.method = 'meta' THEN 'these people come from another course by a meta link: change that course''s people'
                        ELSE 'these people come from a cohort: change the cohort''s members' END
 WHERE r.status IS NULL AND (l.roleonly AND l.command IN ('enable', 'disable') OR l.method IN ('cohort', 'meta'));
{% if given("gcmd") %}

UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = 'gcmd',
       r.message = IF(l.groupcommand IN ('gadd', 'gaddcreate', 'greplace', 'greplacecreate'),
                      'expected gdel or nothing: a person who leaves the course joins no group', 'expected gadd, gaddcreate, greplace, greplacecreate or gdel')
 WHERE r.status IS NULL
   AND (l.groupcommand NOT IN ('gadd', 'gaddcreate', 'greplace', 'greplacecreate', 'gdel')
        OR l.command = 'del' AND NOT l.roleonly AND l.groupcommand <> 'gdel');
{% endif %}

DELETE l FROM toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
 WHERE r.status = 'failed';
