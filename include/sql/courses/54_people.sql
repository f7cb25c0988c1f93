-- Enable and disable methods, sync cohort and meta enrolments, enrol teachers.
{% from "courses/terms.sql" import methods with context %}
{% if given_any("teacher#_account") %}

INSERT INTO toolsync_enrolment_op (line, n, field, action, enrolid, courseid, userid, timestart, timeend)
SELECT p.line, p.n, p.field, 'enrol', e.id, t.id, p.userid, 0, 0
  FROM toolsync_teacher p
  JOIN toolsync_course t ON t.line = p.line
  JOIN {enrol} e ON e.id = (SELECT i.id FROM {enrol} i WHERE i.courseid = t.id AND i.enrol = 'manual' ORDER BY i.status, i.sortorder, i.id LIMIT 1);

INSERT INTO toolsync_role_op (line, n, field, action, contextid, courseid, userid, roleid)
SELECT p.line, p.n, p.rolefield, 'assign', t.contextid, t.id, p.userid, p.roleid
  FROM toolsync_teacher p
  JOIN toolsync_course t ON t.line = p.line;
{% endif %}
{% if methods or given_any("teacher#_account") %}

{% include "shared/people_check.sql" %}
{% if given_any("enrolment_#_addtogroup") %}

{% include "shared/create_groups.sql" %}

UPDATE toolsync_ask a
  JOIN toolsync_group_op g ON g.line = a.line AND g.n = a.n
   SET a.customint2 = g.groupid;

INSERT INTO toolsync_note (line, field, message)
SELECT g.line, g.field, CONCAT('the group ', g.name, ' is new')
  FROM toolsync_group_op g
 WHERE g.status = 'created';

UPDATE toolsync_instance_op o
  JOIN toolsync_ask a ON a.line = o.line AND a.n = o.n
   SET o.customint2 = a.customint2
 WHERE o.action = 'add';
{% endif %}
{% if given_any("enrolment_#_disable") %}

-- A cohort or meta enrolment that is added as disabled enrols nobody.
-- chunks: toolsync_ask.line
INSERT INTO {enrol} (enrol, status, courseid, sortorder, roleid, customint1, customint2, timecreated, timemodified)
SELECT a.enrol, 1, t.id,
       ROW_NUMBER() OVER (PARTITION BY t.id ORDER BY a.n) + (SELECT COALESCE(MAX(e.sortorder), -1) FROM {enrol} e WHERE e.courseid = t.id),
       COALESCE(a.roleid, 0), a.customint1, a.customint2, @now, @now
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
 WHERE a.missing AND a.action = 'off' AND a.line BETWEEN @first AND @last
 ORDER BY a.line, a.n;
{% endif %}

{% include "shared/people.sql" %}

{% for name in ["toolsync_instance_op", "toolsync_enrolment_op", "toolsync_role_op"] %}
UPDATE toolsync_course t
  JOIN {{ name }} o ON o.line = t.line AND o.status IN ('created', 'updated', 'deleted')
   SET t.touched = 1;

{% endfor %}
{% endif %}
{% if given_any("enrolment_#") %}
-- The settings of a method: a start date with a period sets the end date, start and end dates set the period; no method ends before it starts.
{% include "courses/find_methods.sql" %}

UPDATE toolsync_ask a
  STRAIGHT_JOIN {enrol} e ON e.id = a.enrolid
   SET e.roleid = NULL
 WHERE a.missing AND a.enrol = 'meta';

CREATE TEMPORARY TABLE toolsync_setting (
    enrolid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, name VARCHAR(255) NULL, password VARCHAR(50) NULL, roleid BIGINT NULL,
    startdate BIGINT NOT NULL, enddate BIGINT NOT NULL, period BIGINT NOT NULL, differs TINYINT NOT NULL DEFAULT 0,
    formername VARCHAR(255) NULL, formerpassword VARCHAR(50) NULL, formerrole BIGINT NULL, formerstart BIGINT NULL, formerend BIGINT NULL, formerperiod BIGINT NULL
);

INSERT INTO toolsync_setting (enrolid, line, name, password, roleid, startdate, enddate, period, formername, formerpassword, formerrole, formerstart, formerend, formerperiod)
SELECT e.id, a.line, COALESCE(a.name, e.name), IF(a.enrol IN ('self', 'guest'), COALESCE(a.password, e.password), e.password), COALESCE(a.roleid, e.roleid),
       COALESCE(a.startdate, e.enrolstartdate, 0),
       IF(COALESCE(a.startdate, e.enrolstartdate) > 0 AND a.period > 0, COALESCE(a.startdate, e.enrolstartdate) + a.period,
          COALESCE(a.enddate, e.enrolenddate, 0)),
       COALESCE(NULLIF(a.period, 0), e.enrolperiod, 0), e.name, e.password, e.roleid, e.enrolstartdate, e.enrolenddate, e.enrolperiod
  FROM toolsync_ask a
  JOIN {enrol} e ON e.id = a.enrolid
 WHERE a.n >= 0 AND a.action <> 'gone'
 ORDER BY a.line, a.n
    ON DUPLICATE KEY UPDATE name = VALUES(name), password = VALUES(password), roleid = VALUES(roleid), startdate = VALUES(startdate),
                            enddate = VALUES(enddate), period = VALUES(period);

UPDATE toolsync_setting s
   SET s.period = IF(s.enddate > 0, s.enddate - s.startdate, s.period)
 WHERE NOT (s.startdate <=> s.formerstart AND s.enddate <=> s.formerend);

UPDATE toolsync_setting s
   SET s.enddate = GREATEST(s.enddate, s.startdate)
 WHERE NOT (s.startdate <=> s.formerstart AND s.enddate <=> s.formerend);

UPDATE toolsync_setting s
  JOIN toolsync_course t ON t.line = s.line
   SET s.differs = 1, t.touched = 1
 WHERE NOT (s.formername <=> s.name COLLATE utf8mb4_bin AND s.formerpassword <=> s.password COLLATE utf8mb4_bin AND s.formerrole <=> s.roleid
            AND COALESCE(s.formerstart, 0) = s.startdate AND COALESCE(s.formerend, 0) = s.enddate AND COALESCE(s.formerperiod, 0) = s.period);

{% if not moodle_since("5.0.6", "5.1") %}
-- Moodle's upload notes the time also when it only enables or disables a method.
UPDATE toolsync_setting s
  JOIN toolsync_instance_op o ON o.line = s.line AND o.enrolid = s.enrolid AND o.status = 'updated'
   SET s.differs = 1;

{% endif %}
UPDATE toolsync_setting s
  STRAIGHT_JOIN {enrol} e ON e.id = s.enrolid
   SET e.name = IF(s.formername <=> s.name COLLATE utf8mb4_bin, e.name, s.name),
       e.password = IF(s.formerpassword <=> s.password COLLATE utf8mb4_bin, e.password, s.password),
       e.roleid = IF(s.formerrole <=> s.roleid, e.roleid, s.roleid), e.enrolstartdate = IF(s.formerstart <=> s.startdate, e.enrolstartdate, s.startdate),
       e.enrolenddate = IF(s.formerend <=> s.enddate, e.enrolenddate, s.enddate), e.enrolperiod = IF(s.formerperiod <=> s.period, e.enrolperiod, s.period),
       e.timemodified = @now
 WHERE s.differs;
{% endif %}
