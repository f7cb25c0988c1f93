INSERT INTO toolsync_group_op (line, courseid, groupid, name, idnumber, description, enrolmentkey, visibility, participation)
SELECT r.line, r.course, r.target, r.name, r.idnumber, r.description, r.enrolmentkey, r.visibility, r.participation
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = 'group';

{% include "shared/create_groups.sql" %}

UPDATE toolsync_row r
  JOIN toolsync_group_op o ON o.line = r.line
   SET r.target = o.groupid, r.status = IF(o.status = 'created', 'created', NULL);

-- Create groupings: those of the file, those that groups bring along (`selfgrouping`), and those that they name (`groupingname`).
CREATE TEMPORARY TABLE toolsync_grouping_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    courseid BIGINT NOT NULL, name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, line INT UNSIGNED NOT NULL, field VARCHAR(20) NOT NULL, idnumber VARCHAR(100) NOT NULL,
    description LONGTEXT NULL, groupingid BIGINT NULL,
    UNIQUE KEY (courseid, name)
);
CREATE TEMPORARY TABLE toolsync_grouping_made (seq INT UNSIGNED NOT NULL PRIMARY KEY, groupingid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_grouping_new (courseid, name, line, field, idnumber, description)
SELECT r.course, r.name, r.line, 'name', COALESCE(r.idnumber, ''), r.description
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = 'grouping' AND r.target IS NULL
 ORDER BY r.line;
{% set sides = [] %}
{% for column, name, into in [("selfgrouping", "selfname", "selfto"), ("groupingname", "groupingname", "madeto")] if given(column) %}
{% set _ = sides.append((name, into)) %}

INSERT IGNORE INTO toolsync_grouping_new (courseid, name, line, field, idnumber)
SELECT r.course, r.{{ name }}, r.line, '{{ column }}', ''
  FROM toolsync_row r
 WHERE r.kind = 'group' AND r.command = 'add' AND r.{{ name }} <> '' AND r.{{ into }} IS NULL AND (r.status IS NULL OR r.status = 'created')
 ORDER BY r.line;
{% endfor %}

-- chunks: toolsync_grouping_new.seq
INSERT INTO {groupings} (courseid, name, idnumber, description, descriptionformat, timecreated, timemodified)
SELECT w.courseid, w.name, w.idnumber, w.description, 0, @now, @now
  FROM toolsync_grouping_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

INSERT INTO toolsync_grouping_made (seq, groupingid)
SELECT w.seq, g.id
  FROM {groupings} g FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN toolsync_grouping_new w ON w.courseid = g.courseid AND w.name = g.name
 WHERE g.id > @newest_grouping;

UPDATE toolsync_grouping_made m
  JOIN toolsync_grouping_new w ON w.seq = m.seq
   SET w.groupingid = m.groupingid;
{% for name, into in sides %}

UPDATE toolsync_row r
  JOIN toolsync_grouping_new w ON w.courseid = r.course AND w.name = r.{{ name }}
   SET r.{{ into }} = w.groupingid
 WHERE r.kind = 'group' AND r.command = 'add' AND r.{{ into }} IS NULL;
{% endfor %}

INSERT INTO toolsync_note (line, field, message)
SELECT w.line, w.field, CONCAT('made the grouping ', w.name)
  FROM toolsync_grouping_new w
 WHERE w.field <> 'name';

UPDATE toolsync_row r
  JOIN toolsync_grouping_new w ON w.line = r.line
   SET r.status = 'created'
 WHERE r.kind = 'grouping';

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_grouping_new w LIMIT 1;
