{% from "cohorts/terms.sql" import own with context %}
INSERT INTO toolsync_cohort_op (line, cohortkey, contextid, name, idnumber, description, visible, component)
SELECT l.line, l.cohortkey, COALESCE(l.contextid, (SELECT id FROM {context} WHERE contextlevel = 10 AND instanceid = 0)),
       {{ "l.cohortkey" if own == "cname" else "COALESCE(NULLIF(r.cname, ''), l.cohortkey)" }}, {{ "l.cohortkey" if own == "cidnumber" else "NULLIF(r.cidnumber, '')" }},
       r.cdescription, r.visible, r.component
  FROM toolsync_line l
  JOIN toolsync_row r ON r.line = l.line
 WHERE l.cohorts = 0;

{% include "shared/create_cohorts.sql" %}

UPDATE toolsync_line l
  JOIN toolsync_cohort_op o ON o.line = l.line
   SET l.cohortid = o.cohortid, l.created = o.status = 'created';

INSERT INTO toolsync_note (line, field, message)
SELECT l.line, 'userid', CONCAT('made the cohort ', o.name)
  FROM toolsync_line l
  JOIN toolsync_cohort_op o ON o.line = l.line
 WHERE l.created AND l.wantsperson;

-- Update existing cohorts with the columns of the file. Lines of a segment about one cohort say the same of it (touches.sql), so the first one counts.
CREATE TEMPORARY TABLE toolsync_cohort_first (cohortid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, contextid BIGINT NULL);
CREATE TEMPORARY TABLE toolsync_cohort_told (cohortid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, contextid BIGINT NULL, KEY (line));

INSERT IGNORE INTO toolsync_cohort_first (cohortid, line, contextid)
SELECT l.cohortid, l.line, l.contextid
  FROM toolsync_line l
 WHERE l.command = 'add' AND l.cohorts = 1
 ORDER BY l.line;

{% set columns = [("name", "NULLIF(r.cname, '')"), ("idnumber", "r.cidnumber"), ("description", "r.cdescription"), ("visible", "r.visible"),
                  ("component", "r.component"), ("contextid", "t.contextid")] %}
INSERT INTO toolsync_cohort_told (cohortid, line, contextid)
SELECT t.cohortid, t.line, t.contextid
  FROM toolsync_cohort_first t
  JOIN toolsync_row r ON r.line = t.line
  JOIN {cohort} c ON c.id = t.cohortid
 WHERE {% for column, value in columns if column != own[1:] %}{{ " OR " if not loop.first }}NOT COALESCE({{ value }}, c.{{ column }}, '') <=> BINARY COALESCE(c.{{ column }}, ''){% endfor %};

UPDATE toolsync_cohort_told t
  STRAIGHT_JOIN toolsync_row r ON r.line = t.line
  STRAIGHT_JOIN {cohort} c ON c.id = t.cohortid
   SET {% for column, value in columns if column != own[1:] %}c.{{ column }} = COALESCE({{ value }}, c.{{ column }}), {% endfor %}c.timemodified = @now;
