{% from "undo/terms.sql" import leave_out with context %}
-- What is said of the rows that stay: the people, courses, cohorts and groups that they are about.
CREATE TEMPORARY TABLE toolsync_about (
    name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, userid BIGINT NULL, courseid BIGINT NULL, cohortid BIGINT NULL, groupid BIGINT NULL, PRIMARY KEY (name, id)
);
{% for name, what in undone.items() %}
{% set columns = columns_of(name) %}
{% for source, alias in [("site", "t")] + ([("back", "b")] if what.deleted else []) %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_about (name, id, userid, courseid, cohortid, groupid)
SELECT s.name, s.id,
       {{ alias ~ ".id" if name == "user" else alias ~ ".userid" if "userid" in columns else "NULL" }},
       {{ alias ~ ".id" if name == "course" else alias ~ ".courseid" if "courseid" in columns else alias ~ ".course" if "course" in columns else "e.courseid" if "enrolid" in columns else "gi.courseid" if name == "grade_grades" else "NULL" }},
       {{ alias ~ ".id" if name == "cohort" else alias ~ ".cohortid" if "cohortid" in columns else "NULL" }},
       {{ alias ~ ".id" if name == "groups" else alias ~ ".groupid" if "groupid" in columns else "NULL" }}
  FROM toolsync_stays s
  JOIN {{ table(name) if source == "site" else "toolsync_back_" ~ name }} {{ alias }} ON {{ alias }}.id = s.id
{% if "enrolid" in columns %}
  LEFT JOIN {enrol} e ON e.id = {{ alias }}.enrolid
{% elif name == "grade_grades" %}
  LEFT JOIN {grade_items} gi ON gi.id = {{ alias }}.itemid
{% endif %}
 WHERE s.name = '{{ name }}' AND s.what {{ "<>" if source == "site" else "=" }} 'deleted';
{% endfor %}
{% endfor %}

-- The rows, for a CSV table beside the report.
CREATE TEMPORARY TABLE toolsync_answer (
    line INT UNSIGNED NOT NULL, name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, about TEXT NULL, was VARCHAR(30) NOT NULL, reason TEXT NOT NULL, KEY (line)
);

INSERT INTO toolsync_answer (line, name, id, about, was, reason)
SELECT s.line, s.name, s.id, NULLIF(CONCAT_WS(' · ', u.username, c.shortname, h.name, g.name), ''),
       CASE s.what WHEN 'made' THEN 'made' WHEN 'deleted' THEN 'taken away' ELSE 'changed' END, s.reason
  FROM toolsync_stays s
  LEFT JOIN toolsync_about a ON a.name = s.name AND a.id = s.id
  LEFT JOIN {user} u ON u.id = a.userid
  LEFT JOIN {course} c ON c.id = a.courseid
  LEFT JOIN {cohort} h ON h.id = a.cohortid
  LEFT JOIN {groups} g ON g.id = a.groupid
 ORDER BY s.name, s.id;
{% for name, what in undone.items() if what.deleted %}

{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'deleted'", ["toolsync_back_" ~ name]) }}
{% endfor %}
