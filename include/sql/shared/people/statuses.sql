-- Set the status of the operations on enrolments and roles.

UPDATE toolsync_enrolment_op o
  LEFT JOIN toolsync_enrolment w ON w.enrolid = o.enrolid AND w.userid = o.userid
   SET o.status = CASE WHEN o.action = 'unenrol' THEN 'deleted'
                       WHEN w.ueid IS NULL AND w.line = o.line AND w.n = o.n THEN 'created'
                       WHEN w.differs THEN 'updated'
                       ELSE 'unchanged' END
 WHERE o.status IS NULL;

UPDATE toolsync_role_op o
  LEFT JOIN toolsync_role_new w ON w.userid = o.userid AND w.contextid = o.contextid AND w.roleid = o.roleid
                               AND w.component = o.component AND w.itemid = o.itemid
   SET o.status = IF(w.line = o.line AND w.n = o.n, 'created', 'unchanged')
 WHERE o.status IS NULL AND o.action <> 'unassign';

UPDATE toolsync_role_op o
  JOIN toolsync_role_gone d ON d.userid = o.userid AND d.contextid = o.contextid AND d.component = o.component
   SET o.status = IF(o.action = 'unassign', 'deleted', IF(o.status = 'created', 'created', 'updated'))
 WHERE o.action = 'only' AND o.status IN ('created', 'unchanged')
    OR o.action = 'unassign' AND o.status IS NULL AND (o.roleid IS NULL OR o.roleid = d.roleid);

UPDATE toolsync_role_op o
   SET o.status = 'unchanged'
 WHERE o.status IS NULL;

DROP TEMPORARY TABLE toolsync_enrolment;
DROP TEMPORARY TABLE toolsync_role_new;
DROP TEMPORARY TABLE toolsync_role_gone;
{% include "shared/people/written_tables.sql" %}
