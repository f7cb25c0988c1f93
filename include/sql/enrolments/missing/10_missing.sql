-- The enrolments of the scope, by the method of the run, that the file does not name.
{% from "shared/scope_people.sql" import person with context %}
{% include "shared/scope_people_set.sql" %}
{% include "shared/scope_courses.sql" %}

-- @enrol_plugins: names of the enabled enrolment plugins, separated by commas; NULL: the setting is missing
SET @enrol_plugins = {{ setting("enrol_plugins_enabled") }};

-- The method of each course, as lines would find it. Where it is there several times, or can't be used, the course is left alone.
CREATE TEMPORARY TABLE toolsync_scope_method (courseid BIGINT NOT NULL PRIMARY KEY, enrolid BIGINT NOT NULL);

INSERT INTO toolsync_scope_method (courseid, enrolid)
SELECT e.courseid, MIN(e.id)
  FROM toolsync_scope_course s
  JOIN {enrol} e ON e.courseid = s.courseid AND e.enrol = '{{ option.default_method }}'
{% if not option.use_disabled_instances %}
 WHERE e.status = 0 AND FIND_IN_SET(e.enrol, @enrol_plugins) > 0
{% endif %}
 GROUP BY e.courseid
HAVING COUNT(*) = 1;

{% set in_scope = person ~ (" AND ue.status = 0" if option.missing == "suspend" else "") %}
-- The number of enrolments in the scope.
CREATE TEMPORARY TABLE toolsync_scope (number BIGINT NOT NULL);

INSERT INTO toolsync_scope (number)
SELECT COUNT(*) FROM toolsync_scope_method s JOIN {user_enrolments} ue ON ue.enrolid = s.enrolid JOIN {user} u ON u.id = ue.userid WHERE {{ in_scope }};

CREATE TEMPORARY TABLE toolsync_missing (
    n INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line_cmd VARCHAR(10) NOT NULL, line_uid BIGINT NOT NULL, line_cid BIGINT NOT NULL, line_enrol VARCHAR(20) NOT NULL,
    enrolmentid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, person VARCHAR(255) NOT NULL, shortname VARCHAR(255) NOT NULL, fullname VARCHAR(1333) NOT NULL,
    method VARCHAR(20) NOT NULL, roles TEXT NULL, lastaccess BIGINT NULL, what VARCHAR(20) NOT NULL
);

INSERT INTO toolsync_missing (line_cmd, line_uid, line_cid, line_enrol, enrolmentid, username, person, shortname, fullname, method, roles, lastaccess, what)
SELECT '{{ "disable" if option.missing == "suspend" else "del" }}', u.id, c.id, '{{ option.default_method }}', ue.id, u.username, LEFT(CONCAT(u.firstname, ' ', u.lastname), 255),
       c.shortname, c.fullname, '{{ option.default_method }}',
       (SELECT GROUP_CONCAT(DISTINCT ro.shortname ORDER BY ro.shortname SEPARATOR ', ')
          FROM {context} x
          JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.contextid = x.id AND ra.userid = u.id
          JOIN {role} ro ON ro.id = ra.roleid
         WHERE x.contextlevel = 50 AND x.instanceid = c.id),
       (SELECT NULLIF(MAX(a.timeaccess), 0) FROM {user_lastaccess} a WHERE a.userid = u.id AND a.courseid = c.id), '{{ "suspend" if option.missing == "suspend" else "remove" }}'
  FROM toolsync_scope_method s
  JOIN {user_enrolments} ue ON ue.enrolid = s.enrolid
  JOIN {user} u ON u.id = ue.userid
  JOIN {course} c ON c.id = s.courseid
  LEFT JOIN toolsync_named w ON w.place = s.courseid AND w.userid = ue.userid
 WHERE w.userid IS NULL AND {{ in_scope }}
 ORDER BY c.shortname, u.username;
