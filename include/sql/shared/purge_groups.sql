-- Delete the empty groups of the courses that the file names in column `value`; with `groupings`, also groupings that have no group left.
CREATE TEMPORARY TABLE toolsync_purged_course (courseid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);
CREATE TEMPORARY TABLE toolsync_group_gone (groupid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_grouping_gone (groupingid BIGINT NOT NULL PRIMARY KEY);

-- Each course once, with the last line that names it.
CREATE TEMPORARY TABLE toolsync_purge_asked (
    name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, value VARCHAR(255) NOT NULL, line INT UNSIGNED NOT NULL, courseid BIGINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(255) NULL, message TEXT NULL, UNIQUE KEY (line)
);

INSERT IGNORE INTO toolsync_purge_asked (name, value, line)
SELECT LEFT(r.{{ value }}, 255), LEFT(r.{{ value }}, 255), r.line
  FROM toolsync_row r
 ORDER BY r.line DESC;

{% with rows="toolsync_purge_asked", value="value", by=option.course_id_field, into="courseid", field=value %}{% include "shared/find_course.sql" %}{% endwith %}

INSERT IGNORE INTO toolsync_purged_course (courseid, line)
SELECT a.courseid, a.line
  FROM toolsync_purge_asked a
 WHERE a.courseid IS NOT NULL
 ORDER BY a.line DESC;

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
