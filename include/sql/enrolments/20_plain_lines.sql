{% from "enrolments/terms.sql" import added, removed, plain, no_group with context %}
{% set by_method = "JOIN toolsync_method m ON m.courseid = l.courseid AND m.enrol = l.method" %}
-- Most lines add somebody to a course and to groups, or take somebody out. What the site has is looked up once, and what is to be done goes straight
-- into the tables of the steps of shared/people.sql.

-- Group memberships that are still to be made, in a group that may still have to be created (groupid NULL). Column fault: why not.
CREATE TEMPORARY TABLE toolsync_joining (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, courseid BIGINT NOT NULL, userid BIGINT NOT NULL, groupid BIGINT NULL, fault VARCHAR(400) NULL,
    PRIMARY KEY (line, n)
);
{% if given("gcmd") %}

{% include "shared/group_tables.sql" %}

INSERT IGNORE INTO toolsync_group_asked (courseid, name, looks, lowered)
SELECT l.courseid, c.value, c.value, LOWER(c.value)
  FROM toolsync_line l
  JOIN toolsync_cell c ON c.line = l.line AND c.family = 'g#' AND c.value <> '' AND CHAR_LENGTH(c.value) <= 254
 WHERE l.groupcommand IS NOT NULL;

{% with by="name" %}{% include "shared/find_groups.sql" %}{% endwith %}

INSERT INTO toolsync_joining (line, n, courseid, userid, groupid, fault)
SELECT l.line, c.n, l.courseid, l.userid, f.groupid,
       CASE WHEN CHAR_LENGTH(c.value) > 254 THEN 'a group''s name has at most 254 characters'
            WHEN f.matches > 1 THEN CONCAT(f.matches, ' groups of this course have this name')
            WHEN f.groupid IS NULL AND l.groupcommand <> 'gaddcreate' THEN {{ no_group }} END
  FROM toolsync_line l
  {{ by_method }}
  JOIN toolsync_cell c ON c.line = l.line AND c.family = 'g#' AND c.value <> ''
  LEFT JOIN toolsync_group_found f ON f.courseid = l.courseid AND f.name = c.value AND (f.best OR l.groupcommand <> 'gaddcreate')
  LEFT JOIN toolsync_group_alike k ON k.courseid = l.courseid AND k.name = c.value
  LEFT JOIN {groups_members} gm ON gm.userid = l.userid AND gm.groupid = f.groupid
 WHERE l.groupcommand IS NOT NULL AND {{ added }} AND (gm.id IS NULL OR f.matches > 1);

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT j.line, CONCAT(c.field, '|', j.fault)
  FROM toolsync_joining j
  JOIN toolsync_cell c ON c.line = j.line AND c.family = 'g#' AND c.n = j.n
 WHERE j.fault IS NOT NULL
 ORDER BY j.line, j.n;
{% endif %}

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT l.line, 'uid|this person is not enrolled in this course by this method'
  FROM toolsync_line l
  {{ by_method }}
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = m.enrolid AND ue.userid = l.userid
 WHERE {{ removed }} AND ue.id IS NULL;

{% if given("starttime") or given("endtime") %}

-- Of an enrolment that is there, the line may give one of its dates only.
INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT l.line, CONCAT(IF(l.endtime IS NULL, 'starttime', 'endtime'), '|the enrolment would end before it begins')
  FROM toolsync_line l
  {{ by_method }}
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = m.enrolid AND ue.userid = l.userid
 WHERE l.command IN ('add', 'shift') AND (l.starttime IS NULL) <> (l.endtime IS NULL)
   AND COALESCE(l.endtime, ue.timeend) <> 0 AND COALESCE(l.endtime, ue.timeend) < COALESCE(l.starttime, ue.timestart);
{% endif %}

{% with lines="toolsync_line" %}{% include "shared/faults.sql" %}{% endwith %}
{% if given("gcmd") %}

DELETE j FROM toolsync_fault f
  JOIN toolsync_joining j ON j.line = f.line;

INSERT INTO toolsync_group_op (line, n, field, courseid, name)
SELECT j.line, j.n, c.field, j.courseid, c.value
  FROM toolsync_joining j
  JOIN toolsync_cell c ON c.line = j.line AND c.family = 'g#' AND c.n = j.n
 WHERE j.groupid IS NULL;
{% endif %}

-- Lines that ask for what is there.
CREATE TEMPORARY TABLE toolsync_same (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_same (line)
SELECT l.line
  FROM toolsync_line l
  {{ by_method }}
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = m.enrolid AND ue.userid = l.userid
                           AND ue.status = 0 AND ue.timestart = COALESCE(l.starttime, ue.timestart) AND ue.timeend = COALESCE(l.endtime, ue.timeend)
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = l.userid AND ra.contextid = l.contextid AND ra.roleid = l.roleid
                            AND ra.component = m.component AND ra.itemid = m.itemid
  LEFT JOIN toolsync_joining j ON j.line = l.line
 WHERE {{ added }} AND j.line IS NULL;

UPDATE toolsync_same s
  JOIN toolsync_row r ON r.line = s.line
   SET r.status = 'unchanged';

-- In the order of the site's index.
INSERT INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT m.enrolid, l.userid, l.courseid, l.line, 0, l.starttime, l.endtime, 0, ue.id,
       ue.id IS NOT NULL AND (ue.status <> 0 OR ue.timestart <> COALESCE(l.starttime, ue.timestart) OR ue.timeend <> COALESCE(l.endtime, ue.timeend))
  FROM toolsync_line l
  {{ by_method }}
  LEFT JOIN toolsync_same s ON s.line = l.line
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = m.enrolid AND ue.userid = l.userid
 WHERE {{ added }} AND s.line IS NULL
 ORDER BY m.enrolid, l.userid;

INSERT INTO toolsync_role_new (contextid, userid, roleid, component, itemid, courseid, line, n)
SELECT l.contextid, l.userid, l.roleid, m.component, m.itemid, l.courseid, l.line, 0
  FROM toolsync_line l
  {{ by_method }}
  LEFT JOIN toolsync_same s ON s.line = l.line
  LEFT JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = l.userid AND ra.contextid = l.contextid AND ra.roleid = l.roleid
                                 AND ra.component = m.component AND ra.itemid = m.itemid
 WHERE {{ added }} AND s.line IS NULL AND ra.id IS NULL
 ORDER BY l.userid, l.contextid;

INSERT IGNORE INTO toolsync_leaving (ueid, enrolid, userid, courseid, contextid, component)
SELECT ue.id, m.enrolid, l.userid, l.courseid, l.contextid, CONCAT('enrol_', m.enrol)
  FROM toolsync_line l
  {{ by_method }}
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = m.enrolid AND ue.userid = l.userid
 WHERE {{ removed }};

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT w.courseid FROM toolsync_enrolment w;

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT w.courseid FROM toolsync_leaving w;

UPDATE toolsync_enrolment w
  JOIN toolsync_row r ON r.line = w.line
   SET r.status = IF(w.ueid IS NULL, 'created', 'updated');

UPDATE toolsync_line l
  {{ by_method }}
  JOIN toolsync_row r ON r.line = l.line
   SET r.status = 'deleted'
 WHERE {{ removed }};

-- All other lines.
CREATE TEMPORARY TABLE toolsync_other_line (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_other_line (line)
SELECT l.line
  FROM toolsync_line l
  LEFT JOIN toolsync_method m ON m.courseid = l.courseid AND m.enrol = l.method
 WHERE NOT COALESCE({{ plain }}, 0);
