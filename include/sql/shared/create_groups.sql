-- Create the groups in toolsync_group_op that have no groupid, unless their course has a group of that name.

DROP TEMPORARY TABLE IF EXISTS toolsync_group_new;
DROP TEMPORARY TABLE IF EXISTS toolsync_group_made;
CREATE TEMPORARY TABLE toolsync_group_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, groupid BIGINT NULL, known TINYINT NOT NULL, line INT UNSIGNED NOT NULL, n BIGINT NOT NULL,
    UNIQUE KEY (courseid, name)
);
CREATE TEMPORARY TABLE toolsync_group_made (seq INT UNSIGNED NOT NULL PRIMARY KEY, groupid BIGINT NOT NULL);

UPDATE toolsync_group_op o
   SET o.status = 'unchanged'
 WHERE o.status IS NULL AND o.groupid IS NOT NULL;

{% with wanted="toolsync_group_op", where="w.status IS NULL", into="toolsync_group_known" %}{% include "shared/groups_by_name.sql" %}{% endwith %}

INSERT IGNORE INTO toolsync_group_new (courseid, name, groupid, known, line, n)
SELECT o.courseid, o.name, k.groupid, k.groupid IS NOT NULL, o.line, o.n
  FROM toolsync_group_op o
  LEFT JOIN toolsync_group_known k ON k.courseid = o.courseid AND k.name = o.name
 WHERE o.status IS NULL
 ORDER BY o.line, o.n;

{% set visible = site_has("groups", "visibility") %}
-- chunks: toolsync_group_new.seq
INSERT INTO {groups} (courseid, name, idnumber, description, descriptionformat, enrolmentkey,{% if visible %} visibility, participation,{% endif %} timecreated, timemodified)
SELECT w.courseid, o.name, COALESCE(o.idnumber, ''), o.description, 0, o.enrolmentkey,
{% if visible %}
       COALESCE(o.visibility, 0), IF(COALESCE(o.visibility, 0) > 1, 0, COALESCE(o.participation, 1)),
{% endif %}
       @now, @now
  FROM toolsync_group_new w
  JOIN toolsync_group_op o ON o.line = w.line AND o.n = w.n
 WHERE w.seq BETWEEN @first AND @last AND NOT w.known
 ORDER BY w.seq;

INSERT INTO toolsync_group_made (seq, groupid)
SELECT w.seq, g.id
  FROM {groups} g FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN toolsync_group_new w ON w.courseid = g.courseid AND w.name = g.name
 WHERE g.id > @newest_group AND NOT w.known;

UPDATE toolsync_group_made m
  JOIN toolsync_group_new w ON w.seq = m.seq
   SET w.groupid = m.groupid;

UPDATE toolsync_group_op o
  JOIN toolsync_group_new w ON w.courseid = o.courseid AND w.name = o.name
   SET o.groupid = w.groupid, o.status = IF(w.known OR w.line <> o.line OR w.n <> o.n, 'unchanged', 'created')
 WHERE o.status IS NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_group_new w WHERE NOT w.known LIMIT 1;
