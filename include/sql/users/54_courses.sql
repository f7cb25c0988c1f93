-- Enrolments by course1, role1, enrol1 …: each of these patterns succeeds or fails on its own.
{% import "shared/identify.sql" as named with context %}
{% from "shared/methods.sql" import guests %}
{% if given_any("course#") %}
{% macro text(family) %}MAX(IF(c.family = '{{ family }}', c.value, '')){% endmacro %}
{% macro field(family) %}COALESCE(MAX(IF(c.family = '{{ family }}', c.field, NULL)), MAX(IF(c.family = 'course#', c.field, NULL))){% endmacro %}

CREATE TEMPORARY TABLE toolsync_pattern (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, userid BIGINT NOT NULL,
    course LONGTEXT NULL, course_field VARCHAR(300) NULL, courseid BIGINT NULL, contextid BIGINT NULL,
    role LONGTEXT NULL, role_field VARCHAR(300) NULL, roleid BIGINT NULL, type LONGTEXT NULL,
    method LONGTEXT NULL, method_field VARCHAR(300) NULL, enrolid BIGINT NULL, rolecomponent VARCHAR(100) NOT NULL DEFAULT '', roleitem BIGINT NOT NULL DEFAULT 0,
    groupname LONGTEXT NULL, group_field VARCHAR(300) NULL, groupid BIGINT NULL,
    timestart BIGINT NULL, start_field VARCHAR(300) NULL, timeend BIGINT NULL, end_field VARCHAR(300) NULL, days INT NULL, suspended TINYINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(300) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

INSERT INTO toolsync_pattern (line, n, userid, course, course_field, role, role_field, type, method, method_field, groupname, group_field,
       timestart, start_field, timeend, end_field, days, suspended)
SELECT r.line, c.n, r.userid, {{ text("course#") }}, {{ field("course#") }}, {{ text("role#") }}, {{ field("role#") }}, {{ text("type#") }},
       COALESCE(NULLIF({{ text("enrol#") }}, ''), 'manual'), {{ field("enrol#") }}, {{ text("group#") }}, {{ field("group#") }},
       MAX(IF(c.family = 'start#', c.moment, NULL)), {{ field("start#") }}, MAX(IF(c.family = 'end#', c.moment, NULL)), {{ field("end#") }}, NULLIF({{ text("enrolperiod#") }}, ''),
       MAX(IF(c.family = 'enrolstatus#', c.yesno, NULL))
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family IN ('course#', 'role#', 'type#', 'enrol#', 'group#', 'start#', 'end#', 'enrolperiod#', 'enrolstatus#')
 WHERE r.status IS NULL
 GROUP BY r.line, r.userid, c.n
HAVING {{ text("course#") }} <> '';

{% with rows="toolsync_pattern", value="course", by=option.course_id_field, into="courseid", n="n", field_column="course_field" %}
{% include "shared/find_course.sql" %}
{% endwith %}

CREATE TEMPORARY TABLE toolsync_pattern_context (courseid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_pattern_context (courseid, contextid)
SELECT p.courseid, c.id FROM toolsync_pattern p STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = p.courseid;

UPDATE toolsync_pattern p JOIN toolsync_pattern_context c ON c.courseid = p.courseid SET p.contextid = c.contextid;

-- Method `-`: assign the role without an enrolment.
UPDATE toolsync_pattern SET method = '' WHERE method = '-';

UPDATE toolsync_pattern p
   SET p.status = 'failed', p.field = p.method_field,
       p.message = '{{ guests }}'
 WHERE p.status IS NULL AND p.method = 'guest';

{% with rows="toolsync_pattern", value="method", course="courseid", user="userid", into="enrolid", n="n", field_column="method_field", with_role_owner=true %}
{% include "shared/find_instance.sql" %}
{% endwith %}

-- Moodle's user upload also takes a role's id, or type1: 1 student, 2 teacher, 3 non-editing teacher.
CREATE TEMPORARY TABLE toolsync_known_role (id VARCHAR(20) NOT NULL PRIMARY KEY, shortname VARCHAR(100) NOT NULL, roleid BIGINT NOT NULL, in_courses TINYINT NOT NULL, KEY (roleid));
CREATE TEMPORARY TABLE toolsync_default_role (enrolid BIGINT NOT NULL PRIMARY KEY, shortname VARCHAR(100) NOT NULL);

INSERT INTO toolsync_known_role (id, shortname, roleid, in_courses)
SELECT CAST(ro.id AS CHAR), ro.shortname, ro.id, EXISTS (SELECT 1 FROM {role_context_levels} l WHERE l.roleid = ro.id AND l.contextlevel = 50) FROM {role} ro;

INSERT IGNORE INTO toolsync_default_role (enrolid, shortname)
SELECT e.id, ro.shortname
  FROM toolsync_pattern p
  STRAIGHT_JOIN {enrol} e ON e.id = p.enrolid
  STRAIGHT_JOIN {role} ro ON ro.id = e.roleid
 WHERE p.role = '';

UPDATE toolsync_pattern p JOIN toolsync_known_role ro ON ro.id = p.role SET p.role = ro.shortname WHERE p.role REGEXP '^[0-9]+$';

{% for type, archetype in [(1, "student"), (2, "editingteacher"), (3, "teacher")] %}
-- @{{ archetype }}: short name of the site's first role of archetype {{ archetype }}; NULL: there is none
SET @{{ archetype }} = (SELECT ro.shortname FROM {role} ro WHERE ro.archetype = '{{ archetype }}' ORDER BY ro.sortorder LIMIT 1);

UPDATE toolsync_pattern SET role = @{{ archetype }} WHERE role = '' AND type = '{{ type }}';
{% endfor %}

-- Without a role: the method's default role, else the student role.
UPDATE toolsync_pattern p
  JOIN toolsync_default_role ro ON ro.enrolid = p.enrolid
   SET p.role = ro.shortname
 WHERE p.role = '';

UPDATE toolsync_pattern SET role = @student WHERE role = '' AND enrolid IS NOT NULL;

{% with rows="toolsync_pattern", value="role", by="shortname", into="roleid", n="n", field_column="role_field" %}
{% include "shared/find_role.sql" %}
{% endwith %}

UPDATE toolsync_pattern SET status = 'failed', field = role_field, message = 'expected a role, because method - makes no enrolment' WHERE status IS NULL AND roleid IS NULL;

UPDATE toolsync_pattern p
  JOIN toolsync_known_role ro ON ro.roleid = p.roleid
   SET p.status = 'failed', p.field = p.role_field, p.message = 'this role cannot be given in courses'
 WHERE p.status IS NULL AND NOT ro.in_courses;

-- Enrolments that would end before they begin, with the dates that they have.
CREATE TEMPORARY TABLE toolsync_ends_early (line INT UNSIGNED NOT NULL, n INT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_ends_early (line, n)
SELECT p.line, p.n
  FROM toolsync_pattern p
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = p.enrolid AND ue.userid = p.userid
 WHERE p.status IS NULL AND (p.timeend > 0 OR p.timestart > 0 AND p.timeend IS NULL AND COALESCE(p.days, 0) = 0 AND ue.timeend > 0)
   AND COALESCE(p.timeend, ue.timeend) < COALESCE(p.timestart, ue.timestart, 0);

UPDATE toolsync_pattern p
  JOIN toolsync_ends_early k ON k.line = p.line AND k.n = p.n
   SET p.status = 'failed', p.field = IF(p.timeend IS NULL, p.start_field, p.end_field), p.message = 'the end is before the beginning';

-- Digits alone may be the id of a group, as in Moodle's upload of users; a group of that name goes before it.
CREATE TEMPORARY TABLE toolsync_group_by_id (line INT UNSIGNED NOT NULL, n INT NOT NULL, groupid BIGINT NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_group_by_id (line, n, groupid, name)
SELECT p.line, p.n, g.id, g.name
  FROM toolsync_pattern p
  STRAIGHT_JOIN {groups} g {{ named.index("groups", "id") }} ON {{ named.group("g", "id", "p.groupname", "p.courseid") }}
 WHERE p.status IS NULL AND g.name NOT REGEXP '^[0-9]+$'
   AND NOT EXISTS (SELECT 1 FROM {groups} other {{ by_index("groups", "courseid") }} WHERE other.courseid = p.courseid AND {{ named.exact("other.name", "p.groupname") }});

UPDATE toolsync_pattern p JOIN toolsync_group_by_id k ON k.line = p.line AND k.n = p.n SET p.groupid = k.groupid;

INSERT INTO toolsync_note (line, field, message)
SELECT p.line, p.group_field, CONCAT('taken for the id of the group ', k.name, ', as no group of the course has this name')
  FROM toolsync_group_by_id k
  JOIN toolsync_pattern p ON p.line = k.line AND p.n = k.n;

-- The days of enrolperiod1 count from the start date, else from the creation of the enrolment. Without an end, a new manual enrolment lasts as long as
-- the course's method says.
INSERT INTO toolsync_enrolment_op (line, n, field, action, enrolid, courseid, userid, timestart, timeend, suspended)
SELECT p.line, p.n, p.course_field, 'enrol', p.enrolid, p.courseid, p.userid, p.timestart,
       COALESCE(p.timeend, COALESCE(p.timestart, NULLIF(ue.timestart, 0), ue.timecreated, @now)
                           + COALESCE(86400 * NULLIF(p.days, 0), IF(ue.id IS NULL AND e.enrol = 'manual', NULLIF(e.enrolperiod, 0), NULL))),
       COALESCE(p.suspended, 0)
  FROM toolsync_pattern p
  STRAIGHT_JOIN {enrol} e ON e.id = p.enrolid
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = p.enrolid AND ue.userid = p.userid
 WHERE p.status IS NULL AND p.enrolid IS NOT NULL;

INSERT INTO toolsync_role_op (line, n, field, action, contextid, courseid, userid, roleid, component, itemid)
SELECT line, n, role_field, 'assign', contextid, courseid, userid, roleid, rolecomponent, roleitem FROM toolsync_pattern WHERE status IS NULL;

INSERT INTO toolsync_member_op (line, n, field, action, courseid, groupid, groupname, userid)
SELECT line, n, group_field, 'add', courseid, groupid, IF(groupid IS NULL, groupname, NULL), userid FROM toolsync_pattern WHERE status IS NULL AND groupname <> '';

INSERT INTO toolsync_group_op (line, n, field, courseid, name)
SELECT line, n, group_field, courseid, groupname FROM toolsync_pattern WHERE status IS NULL AND groupname <> '' AND groupid IS NULL;

INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM toolsync_pattern WHERE status = 'failed';
{% endif %}
