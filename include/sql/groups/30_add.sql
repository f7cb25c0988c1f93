INSERT INTO toolsync_group_op (line, courseid, groupid, name, idnumber, description, enrolmentkey, visibility, participation)
SELECT r.line, r.course, r.target, r.name, r.idnumber, r.description, r.enrolmentkey, r.visibility, r.participation
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = 'group';

{% include "shared/create_groups.sql" %}

UPDATE toolsync_row r
  JOIN toolsync_group_op o ON o.line = r.line
   SET r.target = o.groupid, r.status = IF(o.status = 'created', 'created', NULL);

-- Create groupings: those of the file, and those that groups bring along (`selfgrouping`).
CREATE TEMPORARY TABLE toolsync_grouping_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    courseid BIGINT NOT NULL, name VARCHAR(255) NOT NULL, line INT UNSIGNED NOT NULL, idnumber VARCHAR(100) NOT NULL, description LONGTEXT NULL,
    UNIQUE KEY (courseid, name)
);

INSERT IGNORE INTO toolsync_grouping_new (courseid, name, line, idnumber, description)
SELECT r.course, r.name, r.line, COALESCE(r.idnumber, ''), r.description
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = 'grouping' AND r.target IS NULL
 ORDER BY r.line;

INSERT IGNORE INTO toolsync_grouping_new (courseid, name, line, idnumber, description)
SELECT g.courseid, g.name, r.line, '', NULL
  FROM toolsync_row r
  JOIN {groups} g ON g.id = r.target
  LEFT JOIN {groupings} known ON known.courseid = g.courseid AND known.name = g.name
 WHERE r.kind = 'group' AND r.command = 'add' AND r.selfgrouping = 1 AND (r.status IS NULL OR r.status = 'created') AND known.id IS NULL
 ORDER BY r.line;

-- chunks: toolsync_grouping_new.seq
INSERT INTO {groupings} (courseid, name, idnumber, description, descriptionformat, timecreated, timemodified)
SELECT w.courseid, w.name, w.idnumber, w.description, 0, @now, @now
  FROM toolsync_grouping_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

UPDATE toolsync_row r
  JOIN toolsync_grouping_new w ON w.line = r.line
   SET r.status = 'created'
 WHERE r.kind = 'grouping';

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_grouping_new w LIMIT 1;
