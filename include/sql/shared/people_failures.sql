-- A line fails as a whole if one of its operations cannot be done: its other operations are dropped.

{% for name in ["toolsync_enrolment_op", "toolsync_role_op", "toolsync_member_op", "toolsync_cohort_member_op", "toolsync_instance_op", "toolsync_group_op"] %}
UPDATE toolsync_row r
  JOIN {{ name }} o ON o.line = r.line AND o.status = 'failed'
   SET r.status = 'failed', r.field = o.field, r.message = o.message
 WHERE r.status IS NULL;
{% endfor %}

{% for name in ["toolsync_enrolment_op", "toolsync_role_op", "toolsync_member_op", "toolsync_cohort_member_op", "toolsync_instance_op",
                 "toolsync_group_op", "toolsync_cohort_op"] %}
DELETE o FROM toolsync_row r
  JOIN {{ name }} o ON o.line = r.line
 WHERE r.status = 'failed';
{% endfor %}
