-- Enrolment methods: those that the site gives a new course, and those that lines ask for.
{% from "courses/terms.sql" import methods with context %}

CREATE TEMPORARY TABLE toolsync_method (
    enrol VARCHAR(20) NOT NULL PRIMARY KEY, position INT NOT NULL, isdefault TINYINT NOT NULL, keyed TINYINT NOT NULL, status INT NOT NULL,
    roleid BIGINT NOT NULL, enrolperiod BIGINT NOT NULL, expirynotify INT NOT NULL, notifyall INT NOT NULL, expirythreshold BIGINT NOT NULL,
    password VARCHAR(50) NULL, customint1 BIGINT NULL, customint2 BIGINT NULL, customint3 BIGINT NULL, customint4 BIGINT NULL, customint5 BIGINT NULL,
    customint6 BIGINT NULL
);

{% macro stored(name) %}MAX(IF(name = '{{ name }}', NULLIF(value, ''), NULL)){% endmacro %}
{% macro number(name, otherwise) %}COALESCE({{ stored(name) }}, {{ otherwise }}) + 0{% endmacro %}
{% set custom = {
    "manual": ["sendcoursewelcomemessage"],
    "self": ["groupkey", "longtimenosee", "maxenrolled", "sendcoursewelcomemessage", 0, "newenrols"],
    "guest": [],
} %}
{% for enrol, columns in custom.items() %}
INSERT INTO toolsync_method (enrol, position, isdefault, keyed, status, roleid, enrolperiod, expirynotify, notifyall, expirythreshold, password
       {%- for column in columns %}, customint{{ loop.index }}{% endfor %})
SELECT '{{ enrol }}', FIND_IN_SET('{{ enrol }}', @enrol_plugins), FIND_IN_SET('{{ enrol }}', @enrol_plugins) > 0 AND {{ number("defaultenrol", 1) }} <> 0,
       {{ number("requirepassword", 0) if enrol != "manual" else 0 }} <> 0, {{ number("status", 0 if enrol == "manual" else 1) }},
{% if enrol == "guest" %}
       0, 0, 0, 0, 0, ''
{% else %}
       {{ number("roleid", 0) }}, {{ number("enrolperiod", 0) }}, {{ number("expirynotify", 0) }} > 0, {{ number("expirynotify", 0) }} = 2,
       {{ number("expirythreshold", 86400) }}, NULL
{% endif %}
       {%- for column in columns %}, {{ stored(column) if column else 0 }}{% endfor %}

  FROM {config_plugins}
 WHERE plugin = 'enrol_{{ enrol }}';

{% endfor %}
{% if methods %}
CREATE TEMPORARY TABLE toolsync_ask (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, courseid BIGINT NULL, field VARCHAR(300) NOT NULL, enrol VARCHAR(20) NOT NULL, action VARCHAR(10) NOT NULL,
    name VARCHAR(255) NULL, keyfield VARCHAR(300) NULL, password VARCHAR(50) NULL, rolefield VARCHAR(300) NULL, rolename VARCHAR(100) NULL, roleid BIGINT NULL,
    datefield VARCHAR(300) NULL, startdate BIGINT NULL, enddate BIGINT NULL, period BIGINT NULL, sourcefield VARCHAR(300) NULL, cohort VARCHAR(254) NULL, master VARCHAR(255) NULL,
    groupfield VARCHAR(300) NULL, groupname VARCHAR(254) NULL, newgroup TINYINT NOT NULL DEFAULT 0, customint1 BIGINT NULL, customint2 BIGINT NULL,
    enrolid BIGINT NULL, missing TINYINT NOT NULL DEFAULT 0, status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n), KEY (enrolid)
);

{% for column in ["self", "guest"] if given(column) %}
INSERT INTO toolsync_ask (line, n, field, enrol, action)
SELECT t.line, -{{ loop.index }}, '{{ column }}', '{{ column }}', IF(r.{{ column }}, 'on', 'off')
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
 WHERE r.{{ column }} IS NOT NULL;

{% endfor %}
{% if given_any("enrolment_#") %}
{% include "courses/methods_asked.sql" %}
{% endif %}

-- The instance that the course has already.
{% include "courses/find_methods.sql" %}
{% if given_any("enrolment_#_startdate") or given_any("enrolment_#_enddate") %}

CREATE TEMPORARY TABLE toolsync_method_dates (enrolid BIGINT NOT NULL PRIMARY KEY, startdate BIGINT NULL, enddate BIGINT NULL);

INSERT IGNORE INTO toolsync_method_dates (enrolid, startdate, enddate)
SELECT e.id, e.enrolstartdate, e.enrolenddate FROM toolsync_ask a JOIN {enrol} e ON e.id = a.enrolid WHERE a.datefield IS NOT NULL;

-- With a start date, a period sets the end date.
UPDATE toolsync_ask a
  LEFT JOIN toolsync_method_dates e ON e.enrolid = a.enrolid
   SET a.status = 'failed', a.field = a.datefield, a.message = IF(a.enddate IS NULL, 'after the end date', 'before the start date')
 WHERE a.status IS NULL AND a.datefield IS NOT NULL AND a.action <> 'gone'
   AND NOT (COALESCE(a.startdate, e.startdate, 0) > 0 AND COALESCE(a.period, 0) > 0)
   AND COALESCE(a.enddate, e.enddate, 0) > 0 AND COALESCE(a.enddate, e.enddate) < COALESCE(a.startdate, e.startdate, 0);
{% endif %}

UPDATE toolsync_ask a
   SET a.status = 'failed', a.message = IF(FIND_IN_SET(a.enrol, @enrol_plugins), 'this method cannot be set from a file', 'this enrolment method is disabled on this site')
 WHERE a.status IS NULL
   AND (a.enrol NOT IN ('manual', 'self', 'guest', 'cohort', 'meta') OR NOT FIND_IN_SET(a.enrol, @enrol_plugins) AND NOT (a.n < 0 AND a.action = 'off'));

{% with rows="toolsync_ask" %}{% include "courses/failures.sql" %}{% endwith %}
{% endif %}
