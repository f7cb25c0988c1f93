-- New courses get the content of their templates.
{% if given("template") %}

CREATE TEMPORARY TABLE toolsync_copy (
    courseid BIGINT NOT NULL PRIMARY KEY, templateid BIGINT NOT NULL, shift BIGINT NOT NULL, line INT UNSIGNED NOT NULL, KEY (templateid)
);
CREATE TEMPORARY TABLE toolsync_merged (
    name VARCHAR(60) NOT NULL, courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (name, courseid, oldid)
);

INSERT INTO toolsync_copy (courseid, templateid, shift, line)
SELECT t.id, t.templateid, t.startdate - k.startdate, t.line
  FROM toolsync_course t
  JOIN {course} k ON k.id = t.templateid
 WHERE t.isnew;

-- A course that its line made has its own context.
-- when: toolsync_copy
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'context', t.id, x.id, t.contextid
  FROM toolsync_course t
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = t.templateid
 WHERE t.isnew;

-- when: toolsync_copy
UPDATE {course} c
  JOIN toolsync_copy o ON o.courseid = c.id
  JOIN {course} k ON k.id = o.templateid
   SET c.originalcourseid = k.id, c.timecreated = k.timecreated
       {%- for column in ["marker", "requested", "completionnotify", "pdfexportfont", "enableaitools", "enabledaiactions"] if site_has("course", column) %},
       c.{{ column }} = k.{{ column }}
       {%- endfor %};

{% include "shared/course/copy.sql" %}
{% if given("tags") %}

{% endif %}

-- when: toolsync_copy_groupings
UPDATE {course} c
  JOIN toolsync_copy o ON o.courseid = c.id
  JOIN {course} k ON k.id = o.templateid
  JOIN toolsync_copy_groupings m ON m.courseid = c.id AND m.oldid = k.defaultgroupingid
   SET c.defaultgroupingid = m.newid;
{% if given_any("customfield_*") %}

UPDATE toolsync_custom x
  JOIN toolsync_course t ON t.line = x.line AND t.isnew
  JOIN toolsync_field f ON f.id = x.fieldid
  JOIN {customfield_data} d ON d.fieldid = f.id AND d.instanceid = t.id AND d.component = f.component AND d.area = f.area AND d.itemid = f.itemid
   SET x.dataid = d.id;
{% endif %}
{% endif %}
