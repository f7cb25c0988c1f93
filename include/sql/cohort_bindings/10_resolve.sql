{% include "shared/people_tables.sql" %}

UPDATE toolsync_row r
   SET r.command = LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20),
       r.rolewanted = CASE WHEN COALESCE(r.role, '') = '' THEN 'student' WHEN r.role = '*' THEN NULL ELSE r.role END,
       r.newgroup = LOWER(r.makegroup) IN ('1', 'yes', 'y', 'true', 'on', 'oui'),
       r.groupname = IF(LOWER(COALESCE(r.makegroup, '')) IN ('', '1', 'yes', 'y', 'true', 'on', 'oui', '0', 'no', 'n', 'false', 'off', 'non'), NULL,
                        LEFT(r.makegroup, 254))
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'cmd', r.message = 'expected add, del, restore or fulldel'
 WHERE r.status IS NULL AND r.command NOT IN ('add', 'del', 'restore', 'fulldel');

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'enrol', r.message = 'expected cohort'
 WHERE r.status IS NULL AND COALESCE(r.enrol, '') NOT IN ('', 'cohort');

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'role', r.message = 'expected one role: * (all roles) works with del, restore and fulldel only'
 WHERE r.status IS NULL AND r.command = 'add' AND r.role = '*';

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'makegroup', r.message = CONCAT(CHAR_LENGTH(r.makegroup), ' characters, and the site stores at most 254')
 WHERE r.status IS NULL AND CHAR_LENGTH(r.makegroup) > 254;

{% for column, what in [("cohort", "a cohort"), ("course", "a course")] %}
UPDATE toolsync_row r
   SET r.status = 'failed', r.field = '{{ column }}', r.message = 'expected the {{ option[column ~ "_id_field"] }} of {{ what }}'
 WHERE r.status IS NULL AND COALESCE(r.{{ column }}, '') = '';
{% endfor %}

{% with rows="toolsync_row" %}
{% with value="cohort", by=option.cohort_id_field, into="cohortid" %}{% include "shared/find_cohort.sql" %}{% endwith %}
{% with value="course", by=option.course_id_field, into="courseid" %}{% include "shared/find_course.sql" %}{% endwith %}

{% with value="rolewanted", by="shortname", into="roleid", field="role", optional=true %}{% include "shared/find_role.sql" %}{% endwith %}

UPDATE toolsync_row r
   SET r.rolewanted = NULL
 WHERE r.roleid IS NOT NULL;

{% with value="rolewanted", by="id", into="roleid", field="role", optional=true %}{% include "shared/find_role.sql" %}{% endwith %}
{% endwith %}

DROP TEMPORARY TABLE IF EXISTS toolsync_role_lost;
CREATE TEMPORARY TABLE toolsync_role_lost (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_role_lost (name, looks)
SELECT LEFT(r.rolewanted, 255), LEFT(r.rolewanted, 255)
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.rolewanted <> '' AND r.roleid IS NULL;

{% include "shared/role_names.sql" %}

UPDATE toolsync_row r
  LEFT JOIN toolsync_role_hint h ON h.name = r.rolewanted
   SET r.status = 'failed', r.field = 'role', r.message = CONCAT('no role has this shortname or id', COALESCE(h.hint, ''))
 WHERE r.status IS NULL AND r.rolewanted <> '' AND r.roleid IS NULL;

-- The enrolment methods that bind this cohort to this course, with this role or, for *, any role.
CREATE TEMPORARY TABLE toolsync_bound (
    line INT UNSIGNED NOT NULL, enrolid BIGINT NOT NULL, disabled TINYINT NOT NULL, groupid BIGINT NULL, groupname VARCHAR(254) NULL,
    starts BIGINT NOT NULL, ends BIGINT NOT NULL,
    PRIMARY KEY (line, enrolid)
);

INSERT INTO toolsync_bound (line, enrolid, disabled, groupid, groupname, starts, ends)
SELECT r.line, e.id, e.status <> 0, g.id, g.name, COALESCE(e.enrolstartdate, 0), COALESCE(e.enrolenddate, 0)
  FROM toolsync_row r
  JOIN {enrol} e ON e.courseid = r.courseid AND e.enrol = 'cohort' AND e.customint1 = r.cohortid AND e.roleid = COALESCE(r.roleid, e.roleid)
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
 WHERE r.status IS NULL;

UPDATE toolsync_row r
  LEFT JOIN toolsync_bound b ON b.line = r.line
   SET r.status = 'failed', r.field = 'cohort',
       r.message = IF(r.roleid IS NULL, 'this cohort is not bound to this course', 'this cohort is not bound to this course with this role')
 WHERE r.status IS NULL AND r.command <> 'add' AND b.line IS NULL;

UPDATE toolsync_row r
  LEFT JOIN toolsync_bound b ON b.line = r.line
   SET r.status = 'failed', r.field = IF(r.enrolend IS NULL, 'enrolstart', 'enrolend'), r.message = 'the end is before the beginning'
 WHERE r.status IS NULL AND r.command = 'add' AND (r.enrolstart IS NOT NULL OR r.enrolend IS NOT NULL)
   AND COALESCE(r.enrolend, b.ends, 0) > 0 AND COALESCE(r.enrolend, b.ends, 0) < COALESCE(r.enrolstart, b.starts, 0);
