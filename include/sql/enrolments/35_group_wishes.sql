{% from "enrolments/terms.sql" import no_group with context %}
{% if given("gcmd") %}
INSERT INTO toolsync_member_op (line, n, field, action, courseid, groupid, groupname, userid, component, status, message)
SELECT l.line, c.n, c.field, IF(l.groupcommand = 'gdel', 'remove', 'add'), l.courseid, f.groupid, LEFT(c.value, 254), l.userid,
       '{{ "tool_sync" if option.protect_groups else "" }}',
       IF(CHAR_LENGTH(c.value) > 254 OR f.matches > 1 OR f.groupid IS NULL AND l.groupcommand NOT IN ('gaddcreate', 'greplacecreate'), 'failed', NULL),
       CASE WHEN CHAR_LENGTH(c.value) > 254 THEN 'a group''s name has at most 254 characters'
            WHEN f.matches > 1 THEN CONCAT(f.matches, ' groups of this course have this name')
            ELSE {{ no_group }} END
  FROM toolsync_other_line t
  JOIN toolsync_line l ON l.line = t.line
  JOIN toolsync_cell c ON c.line = l.line AND c.family = 'g#' AND c.value <> ''
  LEFT JOIN toolsync_group_found f ON f.courseid = l.courseid AND f.name = c.value AND (f.best OR l.groupcommand NOT IN ('gaddcreate', 'greplacecreate'))
  LEFT JOIN toolsync_group_alike k ON k.courseid = l.courseid AND k.name = c.value
 WHERE l.groupcommand IS NOT NULL;

INSERT INTO toolsync_group_op (line, n, field, courseid, name)
SELECT o.line, o.n, o.field, o.courseid, o.groupname
  FROM toolsync_member_op o
 WHERE o.groupid IS NULL AND o.status IS NULL;

{% with lines="toolsync_line", leaves="l.groupcommand IN ('greplace', 'greplacecreate')", field="gcmd",
        stays="gm.groupid IN (SELECT o.groupid FROM toolsync_member_op o WHERE o.line = l.line AND o.groupid IS NOT NULL)",
        only="gm.component = 'tool_sync'" if option.protect_groups else "" %}
{% include "shared/leave_groups.sql" %}
{% endwith %}
{% if option.protect_groups %}

CREATE TEMPORARY TABLE toolsync_protected (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_protected (line, n)
SELECT o.line, o.n
  FROM toolsync_member_op o
  JOIN {groups_members} gm ON gm.groupid = o.groupid AND gm.userid = o.userid AND gm.component <> 'tool_sync'
 WHERE o.action = 'remove' AND o.status IS NULL;

UPDATE toolsync_protected p
  JOIN toolsync_member_op o ON o.line = p.line AND o.n = p.n
   SET o.status = 'failed', o.message = 'this membership was not made by Tool Sync, so it stays (Param protect_groups)';
{% endif %}
{% endif %}
