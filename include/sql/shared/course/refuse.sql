{#
  Fail the lines whose course, in toolsync_of_course, must not go: it has plugins that the course graph does not know, another course uses its questions,
  or it was not approved. `parts`: as for collect.sql.
#}
{% include "shared/course/unknown.sql" %}

UPDATE toolsync_row r
  JOIN (SELECT u.courseid, GROUP_CONCAT(u.what ORDER BY u.what SEPARATOR ', ') AS what FROM toolsync_unknown u GROUP BY u.courseid) k ON k.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT('this course contains plugins that Tool Sync does not know: ', k.what, ' (describe their tables beside include/course_graph/moodle.yaml)')
 WHERE r.status IS NULL;

{% include "shared/course/lent.sql" %}

{% include "shared/approved.sql" %}

-- Refused courses keep all their rows.
CREATE TEMPORARY TABLE toolsync_refused (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_refused (courseid)
SELECT r.courseid FROM toolsync_row r WHERE r.status IS NOT NULL AND r.courseid IS NOT NULL;
{% for node in (parts if parts is defined else course_graph().deletable).root_to_leaf %}

-- when: toolsync_refused
DELETE p FROM {{ node.part }} p JOIN toolsync_refused x ON x.courseid = p.courseid;
{% endfor %}
