-- Delete the empty groups of the courses that the file names in column `value`; with `groupings`, also groupings that have no group left.
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_purged_course (courseid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);
CREATE TEMPORARY TABLE toolsync_group_gone (groupid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_grouping_gone (groupingid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_purged_course (courseid, line)
SELECT c.id, r.line
  FROM toolsync_row r
  JOIN {course} c ON {{ named.course("c", option.course_id_field, "r." ~ value) }}
 ORDER BY r.line DESC;

INSERT INTO toolsync_group_gone (groupid)
SELECT g.id
  FROM toolsync_purged_course p
  JOIN {groups} g ON g.courseid = p.courseid
 WHERE NOT EXISTS (SELECT 1 FROM {groups_members} gm WHERE gm.groupid = g.id);

INSERT INTO toolsync_note (line, field, message)
SELECT p.line, '{{ value }}', CONCAT('deleted the empty group ', g.name, ' of this course')
  FROM toolsync_purged_course p
  JOIN {groups} g ON g.courseid = p.courseid
  JOIN toolsync_group_gone d ON d.groupid = g.id;
{% if groupings %}

INSERT INTO toolsync_grouping_gone (groupingid)
SELECT k.id
  FROM toolsync_purged_course p
  JOIN {groupings} k ON k.courseid = p.courseid
 WHERE NOT EXISTS (SELECT 1
                     FROM {groupings_groups} gg
                     LEFT JOIN toolsync_group_gone d ON d.groupid = gg.groupid
                    WHERE gg.groupingid = k.id AND d.groupid IS NULL);

INSERT INTO toolsync_note (line, field, message)
SELECT p.line, '{{ value }}', CONCAT('deleted the grouping ', k.name, ' of this course, which had no groups')
  FROM toolsync_purged_course p
  JOIN {groupings} k ON k.courseid = p.courseid
  JOIN toolsync_grouping_gone d ON d.groupingid = k.id;
{% endif %}

{% include "shared/delete_groups.sql" %}
