{% import "shared/identify.sql" as named with context %}
{% from "shared/looked_up.sql" import looked_up with context %}
{% from "shared/methods.sql" import guests, role_component, role_item %}
{% include "shared/people_tables.sql" %}

{% from "enrolments/terms.sql" import cmd, method with context %}
-- The lines that have not failed, with the ids that their values name.
CREATE TEMPORARY TABLE toolsync_line (
    line INT UNSIGNED NOT NULL PRIMARY KEY, command VARCHAR(20) NOT NULL, roleonly TINYINT NOT NULL, method VARCHAR(100) NULL,
    groupcommand VARCHAR(20) NULL, starttime BIGINT NULL, endtime BIGINT NULL,
    userid BIGINT NULL, users INT NOT NULL, bestuser TINYINT NOT NULL, courseid BIGINT NULL, courses INT NOT NULL, bestcourse TINYINT NOT NULL,
    contextid BIGINT NULL, roleid BIGINT NULL
);

INSERT INTO toolsync_line (line, command, roleonly, method, groupcommand, starttime, endtime, userid, users, bestuser, courseid, courses, bestcourse, contextid, roleid)
SELECT r.line, IF({{ cmd }} = 'delete', 'del', LEFT({{ cmd }}, 20)), COALESCE({{ method }} = '-', 0), NULLIF({{ method }}, '-'),
       NULLIF(LEFT(LOWER(r.gcmd), 20), ''), r.starttime, r.endtime,
       u.id, u.id IS NOT NULL, COALESCE({{ named.best("u", option.user_id_field, "r.uid") }}, 0),
       c.id, c.id IS NOT NULL, COALESCE({{ named.best("c", option.course_id_field, "r.cid") }}, 0), x.id, ro.id
  FROM toolsync_row r
  LEFT JOIN {user} u {{ named.index("user", option.user_id_field) }} ON {{ named.user("u", option.user_id_field, "r.uid") }}
  LEFT JOIN {course} c {{ named.index("course", option.course_id_field) }} ON {{ named.course("c", option.course_id_field, "r.cid") }}
  LEFT JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
  LEFT JOIN {role} ro ON {{ named.role("ro", "shortname", "r.rolename") }}
 WHERE r.status IS NULL
    ON DUPLICATE KEY UPDATE {{ named.better("toolsync_line", "userid", "users", "bestuser") }},
                            contextid = IF(VALUES(bestcourse) > toolsync_line.bestcourse, VALUES(contextid), toolsync_line.contextid),
                            {{ named.better("toolsync_line", "courseid", "courses", "bestcourse") }};

-- Lines that can't be done, with the reason: `column|message`.
CREATE TEMPORARY TABLE toolsync_fault (line INT UNSIGNED NOT NULL PRIMARY KEY, fault VARCHAR(500) NOT NULL);

-- `del` of a role without an enrolment (method `-`) takes its short name, or * for all roles of the person in the course. Where the role is not used,
-- rolename may be anything.
INSERT INTO toolsync_fault (line, fault)
SELECT w.line, w.fault
  FROM (SELECT l.line,
       CASE WHEN l.command NOT IN ('add', 'del', 'shift', 'enable', 'disable') THEN 'cmd|expected add, del, shift, enable or disable'
{{ looked_up([("uid", "users", "an account", "account", "accounts", option.user_id_field),
              ("cid", "courses", "a course", "course", "courses", option.course_id_field)]) }}
            WHEN l.roleid IS NULL AND (l.command IN ('add', 'shift') OR l.command = 'del' AND l.roleonly AND COALESCE(r.rolename, '') <> '*')
            THEN IF(COALESCE(r.rolename, '') <> '', 'rolename|no role has this shortname',
                    IF(l.command = 'del', 'rolename|expected a role, or * for all of them', 'rolename|expected the shortname of a role'))
            WHEN l.roleonly AND l.command IN ('enable', 'disable') THEN 'enrol|a role without an enrolment (-) cannot be enabled or disabled'
            WHEN l.method = 'meta' THEN 'enrol|these people come from another course by a meta link: change that course''s people'
            WHEN l.method = 'cohort' THEN 'enrol|these people come from a cohort: change the cohort''s members'
            WHEN l.method = 'guest' THEN 'enrol|{{ guests }}'
{% if given("starttime") and given("endtime") %}
            WHEN l.command NOT IN ('enable', 'disable') AND l.endtime <> 0 AND l.endtime < l.starttime THEN 'endtime|the enrolment would end before it begins'
{% endif %}
{% if given("gcmd") %}
            WHEN l.groupcommand NOT IN ('gadd', 'gaddcreate', 'greplace', 'greplacecreate', 'gdel')
            THEN 'gcmd|expected gadd, gaddcreate, greplace, greplacecreate or gdel'
            WHEN l.command = 'del' AND NOT l.roleonly AND l.groupcommand <> 'gdel'
            THEN 'gcmd|expected gdel or nothing: a person who leaves the course joins no group'
{% endif %}
        END AS fault
          FROM toolsync_line l
          JOIN toolsync_row r ON r.line = l.line) w
 WHERE w.fault IS NOT NULL;

{% with looked=[("uid", "user", option.user_id_field, named.is_user("x")), ("cid", "course", option.course_id_field, named.is_course("x")),
                ("rolename", "role", "shortname", "TRUE")] %}
{% include "shared/looks.sql" %}
{% endwith %}

CREATE TEMPORARY TABLE toolsync_role_lost (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_role_lost (name, looks)
SELECT LEFT(r.rolename, 255), LEFT(r.rolename, 255)
  FROM toolsync_fault f
  JOIN toolsync_row r ON r.line = f.line
 WHERE f.fault = 'rolename|no role has this shortname';

{% include "shared/role_names.sql" %}

UPDATE toolsync_fault f
  JOIN toolsync_row r ON r.line = f.line
  JOIN toolsync_role_hint h ON h.name = r.rolename
   SET f.fault = CONCAT(f.fault, h.hint)
 WHERE f.fault = 'rolename|no role has this shortname';

{% with lines="toolsync_line" %}{% include "shared/faults.sql" %}{% endwith %}

DELETE FROM toolsync_fault;

-- The enrolment methods that the lines mean: a usable one first, then in the course's order. Column choices: how many are as good as the first.
CREATE TEMPORARY TABLE toolsync_method (
    courseid BIGINT NOT NULL, enrol VARCHAR(20) NOT NULL, enrolid BIGINT NOT NULL, usable TINYINT NOT NULL, choices INT NOT NULL DEFAULT 1,
    component VARCHAR(100) NOT NULL, itemid BIGINT NOT NULL,
    PRIMARY KEY (courseid, enrol)
);

INSERT INTO toolsync_method (courseid, enrol, enrolid, usable, component, itemid)
SELECT e.courseid, e.enrol, e.id, {{ "1" if option.use_disabled_instances else "COALESCE(e.status = 0 AND FIND_IN_SET(e.enrol, @enrol_plugins) > 0, 0)" }} AS usable,
       {{ role_component("e") }}, {{ role_item("e") }}
  FROM (SELECT DISTINCT l.courseid, l.method FROM toolsync_line l WHERE l.method IS NOT NULL) t
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = t.courseid AND e.enrol = t.method
 ORDER BY e.courseid, e.enrol, usable DESC, e.sortorder, e.id
    ON DUPLICATE KEY UPDATE choices = toolsync_method.choices + (VALUES(usable) = toolsync_method.usable);

INSERT INTO toolsync_fault (line, fault)
SELECT l.line, 'enrol|the course has no such enrolment method'
  FROM toolsync_line l
  LEFT JOIN toolsync_method m ON m.courseid = l.courseid AND m.enrol = l.method
 WHERE l.method IS NOT NULL AND m.enrolid IS NULL;
