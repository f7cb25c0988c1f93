-- Copy the content of templates into new courses, and into existing ones if Param template_mode says so.
{% if given("template") %}

CREATE TEMPORARY TABLE toolsync_copy (
    courseid BIGINT NOT NULL PRIMARY KEY, templateid BIGINT NOT NULL, shift BIGINT NOT NULL, merging TINYINT NOT NULL, KEY (templateid)
);
CREATE TEMPORARY TABLE toolsync_merging (courseid BIGINT NOT NULL PRIMARY KEY, templateid BIGINT NOT NULL, contextid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_merged (
    name VARCHAR(60) NOT NULL, courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NULL, PRIMARY KEY (name, courseid, oldid)
);

-- All dates shift by the difference between the course's start date and the template's. In an existing course only if the line gives a start date.
INSERT INTO toolsync_copy (courseid, templateid, shift, merging)
SELECT t.id, t.templateid, IF(t.isnew OR r.startdate IS NOT NULL, t.startdate - k.startdate, 0), NOT t.isnew
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN {course} k ON k.id = t.templateid;

-- when: toolsync_copy
INSERT INTO toolsync_merging (courseid, templateid, contextid)
SELECT t.id, t.templateid, t.contextid FROM toolsync_course t WHERE NOT t.isnew AND t.templateid IS NOT NULL;

-- when: toolsync_merging
UPDATE toolsync_course t JOIN toolsync_merging g ON g.courseid = t.id SET t.touched = 1;

-- when: toolsync_copy
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'context', t.id, x.id, t.contextid
  FROM toolsync_course t
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = t.templateid;

-- The templates' rows in `course`.
CREATE TEMPORARY TABLE toolsync_origin (PRIMARY KEY (id)) AS SELECT k.* FROM {course} k LIMIT 0;

-- when: toolsync_copy
INSERT INTO toolsync_origin
SELECT k.* FROM (SELECT DISTINCT o.templateid FROM toolsync_copy o) s JOIN {course} k ON k.id = s.templateid;

-- when: toolsync_copy
UPDATE toolsync_copy o
  STRAIGHT_JOIN toolsync_origin k ON k.id = o.templateid
  STRAIGHT_JOIN {course} c ON c.id = o.courseid
   SET c.originalcourseid = k.id, c.timecreated = k.timecreated
       {%- for column in ["marker", "requested", "completionnotify", "pdfexportfont", "enableaitools", "enabledaiactions"] if site_has("course", column) %},
       c.{{ column }} = k.{{ column }}
       {%- endfor %}

 WHERE NOT o.merging;

{% include "shared/course/copy.sql" %}
{% if not moodle_since("5.0") %}

-- when: toolsync_not_borrowed
INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'template', CONCAT('questions of a bank outside this course are not copied, but used from where they are: Tool Sync does not know the question types ', n.what)
  FROM toolsync_course t
  JOIN (SELECT w.templateid, GROUP_CONCAT(DISTINCT w.what ORDER BY w.what SEPARATOR ', ') AS what FROM toolsync_not_borrowed w GROUP BY w.templateid) n ON n.templateid = t.templateid;
{% endif %}

-- when: toolsync_copy_groupings
UPDATE toolsync_copy o
  STRAIGHT_JOIN toolsync_origin k ON k.id = o.templateid
  STRAIGHT_JOIN toolsync_copy_groupings m ON m.courseid = o.courseid AND m.oldid = k.defaultgroupingid
  STRAIGHT_JOIN {course} c ON c.id = o.courseid
   SET c.defaultgroupingid = m.newid
 WHERE NOT o.merging;

-- Where old course files are copied, the course may use some, unless the line says otherwise.
CREATE TEMPORARY TABLE toolsync_legacy (courseid BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_tpl_files
INSERT INTO toolsync_legacy (courseid)
SELECT o.courseid
  FROM toolsync_copy o
  JOIN toolsync_course t ON t.id = o.courseid
  JOIN toolsync_row r ON r.line = t.line AND r.legacyfiles IS NULL
 WHERE EXISTS (SELECT 1 FROM toolsync_tpl_files f WHERE f.toolsync_course = o.templateid AND f.component = 'course' AND f.filearea = 'legacy');

-- when: toolsync_legacy
UPDATE toolsync_legacy w STRAIGHT_JOIN {course} c ON c.id = w.courseid SET c.legacyfiles = 2 WHERE c.legacyfiles <> 2;
{% if given_any("customfield_*") %}
{% from "courses/terms.sql" import of_field with context %}

CREATE TEMPORARY TABLE toolsync_custom_copied (
    line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, dataid BIGINT NOT NULL, decvalue DECIMAL(20, 5) NULL, value LONGTEXT NULL, PRIMARY KEY (line, fieldid)
);

-- when: toolsync_copy
INSERT INTO toolsync_custom_copied (line, fieldid, dataid, decvalue, value)
SELECT x.line, x.fieldid, d.id, d.decvalue, d.value
  FROM toolsync_custom x
  JOIN toolsync_course t ON t.line = x.line AND t.isnew
  JOIN toolsync_field f ON f.id = x.fieldid
  JOIN {customfield_data} d ON d.fieldid = f.id AND d.instanceid = t.id{{ of_field }};

UPDATE toolsync_custom x
  JOIN toolsync_custom_copied d ON d.line = x.line AND d.fieldid = x.fieldid
   SET x.dataid = d.dataid, x.formerdec = d.decvalue, x.formervalue = d.value;
{% endif %}
{% endif %}
