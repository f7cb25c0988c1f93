-- Add enrolment methods: the defaults of a new course, and those that a line asks for and the course lacks.
{% from "courses/terms.sql" import methods with context %}

CREATE TEMPORARY TABLE toolsync_method_new (
    courseid BIGINT NOT NULL, enrol VARCHAR(20) NOT NULL, position BIGINT NOT NULL, bare TINYINT NOT NULL, PRIMARY KEY (courseid, enrol)
);

INSERT INTO toolsync_method_new (courseid, enrol, position, bare)
SELECT t.id, m.enrol, m.position, t.bare
  FROM toolsync_course t
 CROSS JOIN toolsync_method m
 WHERE t.isnew AND m.isdefault;
{% if methods %}

INSERT IGNORE INTO toolsync_method_new (courseid, enrol, position, bare)
SELECT t.id, a.enrol, 1000 + a.n, t.bare
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
  LEFT JOIN {enrol} e ON e.courseid = t.id AND e.enrol = a.enrol
 WHERE a.action = 'on' AND a.enrol IN ('manual', 'self', 'guest') AND e.id IS NULL
 ORDER BY a.line, a.n;
{% endif %}

CREATE TEMPORARY TABLE toolsync_key (courseid BIGINT NOT NULL, enrol VARCHAR(20) NOT NULL, password VARCHAR(50) NOT NULL, PRIMARY KEY (courseid, enrol));

-- python: enrolment_keys INTO toolsync_key
SELECT w.courseid, w.enrol
  FROM toolsync_method_new w
  JOIN toolsync_method m ON m.enrol = w.enrol
 WHERE m.keyed;

-- chunks: toolsync_method_new.courseid
INSERT INTO {enrol} (enrol, status, courseid, sortorder, enrolperiod, expirynotify, expirythreshold, notifyall, password, roleid,
       customint1, customint2, customint3, customint4, customint5, customint6, timecreated, timemodified)
SELECT w.enrol, m.status, w.courseid,
       ROW_NUMBER() OVER (PARTITION BY w.courseid ORDER BY w.position)
       + IF(w.bare, -1, (SELECT COALESCE(MAX(e.sortorder), -1) FROM {enrol} e WHERE e.courseid = w.courseid)),
       m.enrolperiod, m.expirynotify, m.expirythreshold, m.notifyall, COALESCE(y.password, m.password), m.roleid,
       m.customint1, m.customint2, m.customint3, m.customint4, m.customint5, m.customint6, @now, @now
  FROM toolsync_method_new w
  JOIN toolsync_method m ON m.enrol = w.enrol
  LEFT JOIN toolsync_key y ON y.courseid = w.courseid AND y.enrol = w.enrol
 WHERE w.courseid BETWEEN @first AND @last
 ORDER BY w.courseid, w.position;
{% if methods or given_any("teacher#_account") %}

{% include "shared/people_tables.sql" %}
{% endif %}
{% if methods %}

UPDATE toolsync_course t
  JOIN toolsync_method_new w ON w.courseid = t.id
   SET t.touched = 1
 WHERE NOT t.isnew;

{% include "courses/find_methods.sql" %}

-- If a line names a method twice, the last one counts.
INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol)
SELECT a.line, MAX(a.n), MAX(a.field), SUBSTRING_INDEX(GROUP_CONCAT(CASE a.action WHEN 'on' THEN 'enable' WHEN 'off' THEN 'disable' ELSE 'delete' END ORDER BY a.n), ',', -1),
       a.enrolid, t.id, a.enrol
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
 WHERE a.enrolid IS NOT NULL
 GROUP BY a.line, a.enrolid, t.id, a.enrol;

-- `self` and `guest` with no disable all instances in the course.
INSERT INTO toolsync_instance_op (line, n, field, action, enrolid, courseid, enrol)
SELECT a.line, 1000000 + e.id, a.field, 'disable', e.id, t.id, e.enrol
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
  JOIN {enrol} e ON e.courseid = t.id AND e.enrol = a.enrol AND e.status = 0
 WHERE a.n < 0 AND a.action = 'off' AND e.id <> a.enrolid;

UPDATE toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
   SET a.missing = 1, t.touched = 1
 WHERE a.enrolid IS NULL AND a.action <> 'gone' AND a.enrol IN ('cohort', 'meta');

INSERT INTO toolsync_instance_op (line, n, field, action, courseid, enrol, roleid, customint1, customint2)
SELECT a.line, a.n, a.field, 'add', t.id, a.enrol, a.roleid, a.customint1, a.customint2
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
 WHERE a.missing AND a.action = 'on';
{% if given_any("enrolment_#_addtogroup") %}

INSERT INTO toolsync_group_op (line, n, field, courseid, name)
SELECT a.line, a.n, a.groupfield, t.id,
       (SELECT CONCAT(COALESCE(h.name, m.fullname), ' ', IF(a.enrol = 'cohort', 'cohort', 'course'), IF(n.n = 1, '', CONCAT(' (', n.n, ')')))
          FROM toolsync_number n
         WHERE n.n > 0
           AND NOT EXISTS (SELECT 1 FROM {groups} g
                            WHERE g.courseid = t.id
                              AND g.name = CONCAT(COALESCE(h.name, m.fullname), ' ', IF(a.enrol = 'cohort', 'cohort', 'course'), IF(n.n = 1, '', CONCAT(' (', n.n, ')'))))
         ORDER BY n.n
         LIMIT 1)
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
  LEFT JOIN {cohort} h ON a.enrol = 'cohort' AND h.id = a.customint1
  LEFT JOIN {course} m ON a.enrol = 'meta' AND m.id = a.customint1
 WHERE a.newgroup AND a.missing;
{% endif %}
{% endif %}
