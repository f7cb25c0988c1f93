-- Update the courses that differ from what is stored, and what depends on them.
{% from "courses/fields.sql" import texts, stored %}

UPDATE toolsync_was_course c
  STRAIGHT_JOIN toolsync_course t ON t.id = c.id
   SET t.changed = 1
 WHERE NOT c.enddate <=> t.enddate
{% for column in stored %}
    OR NOT c.{{ column }} <=> t.{{ column }}{{ " COLLATE utf8mb4_bin" if column in texts }}
{% endfor %};
{% if given_any("customfield_*") %}

UPDATE toolsync_course t
  JOIN toolsync_custom x ON x.line = t.line
   SET t.changed = 1
 WHERE x.dataid IS NULL OR IF(x.type = 'number', NOT x.formerdec <=> x.decvalue, x.formervalue <> x.value COLLATE utf8mb4_bin);
{% endif %}

-- The sortorders that change; those of new courses are right already.
CREATE TEMPORARY TABLE toolsync_sortorder (id BIGINT NOT NULL PRIMARY KEY, sortorder BIGINT NOT NULL);

INSERT INTO toolsync_sortorder (id, sortorder)
SELECT c.id, k.sortorder + p.place
  FROM toolsync_place p
  JOIN toolsync_home k ON k.id = p.category
  JOIN {course} c ON c.id = p.courseid
 WHERE p.courseid <= @last_course AND c.sortorder <> k.sortorder + p.place;

-- What the line does not change stays as it is by now: somebody may have edited the course since it was read.
UPDATE toolsync_was_course w
  STRAIGHT_JOIN toolsync_course t ON t.id = w.id
  STRAIGHT_JOIN {course} c ON c.id = w.id
   SET c.enddate = IF(w.enddate <=> t.enddate, c.enddate, t.enddate), c.timemodified = @now, c.cacherev = IF(c.cacherev < @now OR c.cacherev > @now + 3600, @now, c.cacherev + 1)
{%- for column in stored %},
       c.{{ column }} = IF(w.{{ column }} <=> t.{{ column }}{{ " COLLATE utf8mb4_bin" if column in texts }}, c.{{ column }}, t.{{ column }})
{%- endfor %}

 WHERE t.changed;

{% include "shared/course/order.sql" %}

-- Somebody may have deleted one of the courses or categories meanwhile: then the batch starts again.
-- python: check_pairs INTO toolsync_category_count
SELECT COUNT(*) FROM toolsync_affected a LEFT JOIN {course_categories} k ON k.id = a.categoryid WHERE k.id IS NULL;

-- python: check_pairs INTO toolsync_category_count
SELECT COUNT(*) FROM toolsync_was_course w LEFT JOIN {course} c ON c.id = w.id WHERE c.id IS NULL;

-- If a course moves, its context and those of its activities, and of the blocks of both, get new paths.
CREATE TEMPORARY TABLE toolsync_moved_context (id BIGINT NOT NULL PRIMARY KEY, former VARCHAR(255) NOT NULL, path VARCHAR(255) NOT NULL, deeper INT NOT NULL);

INSERT INTO toolsync_moved_context (id, former, path, deeper)
SELECT x.id, x.path, CONCAT(k.contextpath, '/', x.id), k.contextdepth + 1 - x.depth
  FROM toolsync_course t
  STRAIGHT_JOIN {context} x ON x.id = t.contextid
  JOIN toolsync_home k ON k.id = t.category
 WHERE t.category <> t.formercategory AND t.changed;

CREATE TEMPORARY TABLE toolsync_context_move (id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NULL, deeper INT NOT NULL);

INSERT INTO toolsync_context_move (id, path, deeper) SELECT m.id, m.path, m.deeper FROM toolsync_moved_context m;

{% for child in ["activities", "activities_blocks", "blocks"] %}
INSERT IGNORE INTO toolsync_context_move (id, path, deeper)
SELECT x.id, CONCAT(m.path, SUBSTRING(x.path, CHAR_LENGTH(m.former) + 1)), m.deeper
  FROM toolsync_moved_context m
{% if child == "blocks" %}
  JOIN {block_instances} b ON b.parentcontextid = m.id
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id
{% else %}
  JOIN {context} u ON u.id = m.id
  JOIN {course_modules} cm ON cm.course = u.instanceid
{% if child == "activities" %}
  JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id
{% else %}
  JOIN {context} a ON a.contextlevel = 70 AND a.instanceid = cm.id
  JOIN {block_instances} b ON b.parentcontextid = a.id
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id
{% endif %}
{% endif %};

{% endfor %}
UPDATE toolsync_context_move w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = x.depth + w.deeper;

UPDATE toolsync_course t
  STRAIGHT_JOIN toolsync_option x ON x.line = t.line
  STRAIGHT_JOIN {course_format_options} o ON o.id = x.optionid
   SET o.value = x.value
 WHERE (t.changed OR t.isnew) AND NOT x.former <=> x.value COLLATE utf8mb4_bin;

DELETE o FROM toolsync_course t
  STRAIGHT_JOIN {course_format_options} o {{ by_index("course_format_options", "courseid", "format") }} ON o.courseid = t.id AND o.format = t.formerformat
 WHERE (t.changed OR t.isnew) AND t.format <> t.formerformat;

-- chunks: toolsync_course.line
INSERT INTO {course_format_options} (courseid, format, sectionid, name, value)
SELECT t.id, t.format, 0, x.name, x.value
  FROM toolsync_course t
  STRAIGHT_JOIN toolsync_option x ON x.line = t.line
 WHERE (t.isnew OR t.changed) AND x.optionid IS NULL AND t.line BETWEEN @first AND @last
 ORDER BY t.line;
