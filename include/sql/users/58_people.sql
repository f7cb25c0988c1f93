-- Deleted accounts leave all courses and lose all roles; then the operations in the work tables are carried out.
{% from "users/terms.sql" import people with context %}
{% if people %}

{% if given("deleted") %}
INSERT INTO toolsync_enrolment_op (line, n, field, action, enrolid, courseid, userid)
SELECT r.line, ue.id, 'deleted', 'unenrol', ue.enrolid, e.courseid, ue.userid
  FROM toolsync_row r
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "userid") }} ON ue.userid = r.userid
  STRAIGHT_JOIN {enrol} e ON e.id = ue.enrolid
 WHERE r.status = 'deleted';

INSERT INTO toolsync_role_op (line, n, field, action, contextid, courseid, userid, roleid, component, itemid)
SELECT r.line, ra.id, 'deleted', 'unassign', ra.contextid, IF(c.contextlevel = 50, c.instanceid, NULL), ra.userid, ra.roleid, ra.component, ra.itemid
  FROM toolsync_row r
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid") }} ON ra.userid = r.userid
  LEFT JOIN {context} c ON c.id = ra.contextid
 WHERE r.status = 'deleted';
{% endif %}

{% include "shared/people_check.sql" %}

{% if given_any("course#") %}
-- If the enrolment of a pattern fails, don't try its role and group: one problem for a pattern is enough.
{% for name in ["toolsync_role_op", "toolsync_member_op"] %}
DELETE o FROM {{ name }} o
  JOIN toolsync_enrolment_op e ON e.line = o.line AND e.n = o.n
 WHERE e.status = 'failed';
{% endfor %}

DELETE g FROM toolsync_group_op g
  LEFT JOIN toolsync_member_op o ON o.line = g.line AND o.n = g.n AND o.status IS NULL
 WHERE o.line IS NULL;

{% include "shared/create_groups.sql" %}

INSERT INTO toolsync_note (line, field, message)
SELECT o.line, o.field, CONCAT('made the group ', o.name) FROM toolsync_group_op o WHERE o.status = 'created';
{% endif %}

{% include "shared/people.sql" %}

{% for name in ["toolsync_enrolment_op", "toolsync_role_op", "toolsync_member_op", "toolsync_cohort_member_op", "toolsync_cohort_op", "toolsync_group_op"] %}
INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM {{ name }} WHERE status = 'failed';

UPDATE toolsync_row r
  JOIN {{ name }} o ON o.line = r.line
   SET r.changed = 1
 WHERE r.status IS NULL AND o.status IN ('created', 'updated', 'deleted');
{% endfor %}
{% endif %}
