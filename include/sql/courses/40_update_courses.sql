-- Update the courses that differ from what is stored, and what depends on them.
{% from "courses/fields.sql" import texts, stored %}

UPDATE toolsync_course t
  JOIN {course} c ON c.id = t.id
   SET t.changed = 1
 WHERE NOT t.isnew
   AND (NOT c.enddate <=> t.enddate
{% for column in stored %}
        OR NOT c.{{ column }} <=> t.{{ column }}{{ " COLLATE utf8mb4_bin" if column in texts }}
{% endfor %}
       );
{% if given_any("customfield_*") %}

UPDATE toolsync_course t
  JOIN toolsync_custom x ON x.line = t.line
  LEFT JOIN {customfield_data} d ON d.id = x.dataid
   SET t.changed = 1
 WHERE d.id IS NULL OR IF(x.type = 'number', NOT d.decvalue <=> x.decvalue, d.value <> x.value COLLATE utf8mb4_bin);
{% endif %}

UPDATE {course} c
  JOIN toolsync_course t ON t.id = c.id
   SET c.enddate = t.enddate, c.timemodified = @now
{%- for column in stored %}, c.{{ column }} = t.{{ column }}{% endfor %}

 WHERE t.changed AND NOT t.isnew;

UPDATE {course} c
  JOIN toolsync_place p ON p.courseid = c.id
  JOIN {course_categories} k ON k.id = c.category
   SET c.sortorder = k.sortorder + p.place
 WHERE c.sortorder <> k.sortorder + p.place;

UPDATE {course_categories} k
  JOIN toolsync_affected a ON a.categoryid = k.id
   SET k.coursecount = (SELECT COUNT(*) FROM {course} c WHERE c.category = k.id);

-- If a course moves, its context and those of its activities, and of the blocks of both, get new paths.
CREATE TEMPORARY TABLE toolsync_moved_context (id BIGINT NOT NULL PRIMARY KEY, former VARCHAR(255) NOT NULL, path VARCHAR(255) NOT NULL, deeper INT NOT NULL);

INSERT INTO toolsync_moved_context (id, former, path, deeper)
SELECT x.id, x.path, CONCAT(k.path, '/', x.id), k.depth + 1 - x.depth
  FROM toolsync_course t
  JOIN {context} x ON x.id = t.contextid
  JOIN {context} k ON k.contextlevel = 40 AND k.instanceid = t.category
 WHERE t.category <> t.formercategory AND t.changed;

{% for child in ["activities", "activities_blocks", "blocks"] %}
UPDATE {context} x
{% if child == "blocks" %}
  JOIN {block_instances} b ON x.contextlevel = 80 AND x.instanceid = b.id
  JOIN toolsync_moved_context m ON m.id = b.parentcontextid
{% elif child == "activities" %}
  JOIN {course_modules} cm ON x.contextlevel = 70 AND x.instanceid = cm.id
  JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = cm.course
  JOIN toolsync_moved_context m ON m.id = u.id
{% else %}
  JOIN {block_instances} b ON x.contextlevel = 80 AND x.instanceid = b.id
  JOIN {context} a ON a.id = b.parentcontextid AND a.contextlevel = 70
  JOIN {course_modules} cm ON cm.id = a.instanceid
  JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = cm.course
  JOIN toolsync_moved_context m ON m.id = u.id
{% endif %}
   SET x.path = CONCAT(m.path, SUBSTRING(x.path, CHAR_LENGTH(m.former) + 1)), x.depth = x.depth + m.deeper;

{% endfor %}
UPDATE {context} x
  JOIN toolsync_moved_context m ON m.id = x.id
   SET x.path = m.path, x.depth = x.depth + m.deeper;

UPDATE {course_format_options} o
  JOIN toolsync_option x ON x.optionid = o.id
  JOIN toolsync_course t ON t.line = x.line
   SET o.value = x.value
 WHERE (t.changed OR t.isnew) AND NOT o.value <=> x.value COLLATE utf8mb4_bin;

DELETE o FROM toolsync_course t
  JOIN {course_format_options} o ON o.courseid = t.id AND o.format = t.formerformat
 WHERE (t.changed OR t.isnew) AND t.format <> t.formerformat;

INSERT INTO {course_format_options} (courseid, format, sectionid, name, value)
SELECT t.id, t.format, 0, x.name, x.value
  FROM toolsync_option x
  JOIN toolsync_course t ON t.line = x.line
 WHERE (t.isnew OR t.changed) AND x.optionid IS NULL
 ORDER BY t.line;
