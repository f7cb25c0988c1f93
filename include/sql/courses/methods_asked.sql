-- The columns enrolment_N, enrolment_N_role … of a line in one row.
{% macro cell(name, what="c.value") %}NULLIF(MAX(IF(c.family = 'enrolment_#{{ name }}', {{ what }}, '')), ''){% endmacro %}
{% macro given_as(name, kind) %}MAX(IF(c.family = 'enrolment_#{{ name }}', c.{{ kind }}, NULL)){% endmacro %}
INSERT INTO toolsync_ask (line, n, courseid, field, enrol, action, name, keyfield, password, rolefield, rolename, roleid, datefield, startdate, enddate, period, sourcefield, cohort, master,
       groupfield, groupname, newgroup)
SELECT c.line, c.n, MAX(t.id), MAX(IF(c.family = 'enrolment_#', c.field, '')), COALESCE(LOWER({{ cell("") }}), ''),
       CASE WHEN {{ given_as("_delete", "yesno") }} = 1 THEN 'gone' WHEN {{ given_as("_disable", "yesno") }} = 1 THEN 'off' ELSE 'on' END,
       {{ cell("_name") }}, {{ cell("_password", "c.field") }}, {{ cell("_password") }}, COALESCE({{ cell("_role", "c.field") }}, {{ cell("_roleid", "c.field") }}), {{ cell("_role") }},
       IF({{ cell("_role") }} IS NULL, CAST({{ cell("_roleid") }} AS SIGNED), NULL), COALESCE({{ cell("_enddate", "IF(c.value = '', '', c.field)") }}, {{ cell("_startdate", "IF(c.value = '', '', c.field)") }}),
       {{ given_as("_startdate", "moment") }}, {{ given_as("_enddate", "moment") }},
       CASE LEFT(REGEXP_SUBSTR(LOWER({{ cell("_enrolperiod") }}), '[a-z]+'), 3)
            WHEN 'min' THEN 60 WHEN 'hou' THEN 3600 WHEN 'day' THEN 86400 WHEN 'wee' THEN 604800 WHEN 'mon' THEN 2678400 WHEN 'yea' THEN 31536000 ELSE 1 END
       * CAST(REGEXP_SUBSTR({{ cell("_enrolperiod") }}, '^[0-9]+') AS SIGNED),
       COALESCE({{ cell("_cohortidnumber", "c.field") }}, {{ cell("_metacoursename", "c.field") }}), {{ cell("_cohortidnumber") }}, {{ cell("_metacoursename") }},
       COALESCE({{ cell("_groupname", "c.field") }}, {{ cell("_addtogroup", "c.field") }}), IF({{ cell("") }} IN ('cohort', 'meta'), {{ cell("_groupname") }}, NULL), COALESCE({{ cell("_addtogroup") }}, '0') <> '0'
  FROM toolsync_cell c
  JOIN toolsync_course t ON t.line = c.line
 WHERE c.family LIKE 'enrolment\_#%'
 GROUP BY c.line, c.n
HAVING MAX(IF(c.family = 'enrolment_#', c.value, '')) <> '';

{% with rows="toolsync_ask", value="rolename", by="shortname", into="roleid", n="n", field_column="rolefield" %}{% include "shared/find_role.sql" %}{% endwith %}
{% with rows="toolsync_ask", value="cohort", by="idnumber", into="customint1", n="n", field_column="sourcefield" %}{% include "shared/find_cohort.sql" %}{% endwith %}
{% with rows="toolsync_ask", value="master", by="shortname", into="customint1", n="n", field_column="sourcefield" %}{% include "shared/find_course.sql" %}{% endwith %}

-- A cohort can be used in its category and below. If the course's category does not exist yet, take the nearest one above it that does.
CREATE TEMPORARY TABLE toolsync_above (line INT UNSIGNED NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_above (line, categoryid)
SELECT u.line, p.categoryid
  FROM toolsync_path u
  JOIN toolsync_level n ON n.n <= u.levels
  STRAIGHT_JOIN toolsync_category p ON p.path = SUBSTRING_INDEX(u.value, ' / ', n.n)
 WHERE u.categoryid IS NULL AND p.categoryid IS NOT NULL
 ORDER BY u.line, p.level DESC;

CREATE TEMPORARY TABLE toolsync_elsewhere (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_elsewhere (line, n)
SELECT a.line, a.n
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
  LEFT JOIN toolsync_wish w ON w.line = a.line
  LEFT JOIN toolsync_above u ON u.line = w.first
  LEFT JOIN {course_categories} k ON k.id = COALESCE(u.categoryid, t.category)
  JOIN {cohort} h ON h.id = a.customint1
  JOIN {context} x ON x.id = h.contextid AND x.contextlevel = 40
 WHERE a.status IS NULL AND a.enrol = 'cohort' AND NOT COALESCE(CONCAT(k.path, '/') LIKE CONCAT('%/', x.instanceid, '/%'), 0);

UPDATE toolsync_ask a
  LEFT JOIN toolsync_elsewhere x ON x.line = a.line AND x.n = a.n
   SET a.status = 'failed', a.field = COALESCE(a.sourcefield, a.field),
       a.message = CASE WHEN a.cohort IS NULL THEN 'expected a cohort in the column that ends in _cohortidnumber'
                        WHEN a.roleid IS NULL THEN 'expected a role in the column that ends in _role'
                        ELSE 'this cohort belongs to a category that the course is not in' END
 WHERE a.status IS NULL AND a.enrol = 'cohort' AND (a.cohort IS NULL OR a.roleid IS NULL OR x.line IS NOT NULL);

UPDATE toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
   SET a.status = 'failed', a.field = COALESCE(a.sourcefield, a.field),
       a.message = IF(a.master IS NULL, 'expected a course in the column that ends in _metacoursename', 'a course cannot take its people from itself')
 WHERE a.status IS NULL AND a.enrol = 'meta' AND (a.master IS NULL OR a.customint1 = t.id);

CREATE TEMPORARY TABLE toolsync_course_role (roleid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_course_role (roleid)
SELECT l.roleid FROM {role_context_levels} l WHERE l.contextlevel = 50;

UPDATE toolsync_ask a
  LEFT JOIN toolsync_course_role l ON l.roleid = a.roleid
   SET a.status = 'failed', a.field = a.rolefield, a.message = 'this role cannot be given in courses'
 WHERE a.status IS NULL AND a.roleid IS NOT NULL AND l.roleid IS NULL;

UPDATE toolsync_ask a
   SET a.status = 'failed', a.field = a.groupfield, a.message = 'expected a new group or the name of an existing one, not both'
 WHERE a.status IS NULL AND a.groupname IS NOT NULL AND a.newgroup;

{% with rows="toolsync_ask", value="groupname", by="name", into="customint2", n="n", field_column="groupfield", course="courseid" %}{% include "shared/find_group.sql" %}{% endwith %}
{% if given_any("enrolment_#_password") %}

-- Who gives a group's key is enrolled and joins the group, where a self enrolment method of the course takes these: one key can't be both.
CREATE TEMPORARY TABLE toolsync_key_taken (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT IGNORE INTO toolsync_key_taken (line, n)
SELECT a.line, a.n
  FROM toolsync_ask a
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = a.courseid AND e.enrol = 'self' AND e.customint1 = 1
  STRAIGHT_JOIN {groups} g {{ by_index("groups", "courseid") }} ON g.courseid = a.courseid AND g.enrolmentkey = a.password COLLATE utf8mb4_bin
 WHERE a.status IS NULL AND a.enrol = 'self' AND a.action <> 'gone' AND a.password IS NOT NULL;

UPDATE toolsync_ask a
  JOIN toolsync_key_taken k ON k.line = a.line AND k.n = a.n
   SET a.status = 'failed', a.field = a.keyfield, a.message = 'a group of the course has this enrolment key';

CREATE TEMPORARY TABLE toolsync_key_weak (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, message VARCHAR(500) NOT NULL, PRIMARY KEY (line, n));

-- python: weak_keys INTO toolsync_key_weak
SELECT a.line, a.n, a.password
{%- for setting_name, otherwise in [("minpasswordlength", 8), ("minpassworddigits", 1), ("minpasswordlower", 1), ("minpasswordupper", 1), ("minpasswordnonalphanum", 1), ("maxconsecutiveidentchars", 0)] %},
       CAST(COALESCE({{ setting(setting_name) }}, {{ otherwise }}) AS SIGNED)
{%- endfor %}

  FROM toolsync_ask a
 WHERE a.status IS NULL AND a.action <> 'gone' AND a.password IS NOT NULL
   AND CASE a.enrol WHEN 'self' THEN COALESCE({{ setting("usepasswordpolicy", plugin="enrol_self") }}, '0') <> '0'
                    WHEN 'guest' THEN COALESCE({{ setting("usepasswordpolicy", plugin="enrol_guest") }}, '0') <> '0' END;

UPDATE toolsync_ask a
  JOIN toolsync_key_weak k ON k.line = a.line AND k.n = a.n
   SET a.status = 'failed', a.field = a.keyfield, a.message = k.message;
{% endif %}
