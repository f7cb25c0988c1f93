{#
  What must not go: courses in toolsync_of_course that the graph does not know in all their parts, what other courses live on, what was not approved.
  Their lines fail, and they keep all their rows. `parts`: of the graph, where that is not what goes when a course goes.
#}
{% include "shared/course/unknown.sql" %}

UPDATE toolsync_row r
  JOIN (SELECT u.courseid, GROUP_CONCAT(u.what ORDER BY u.what SEPARATOR ', ') AS what FROM toolsync_unknown u GROUP BY u.courseid) k ON k.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT('this course holds what Tool Sync does not know: ', k.what, ' (describe its tables beside include/course_graph/moodle.yaml)')
 WHERE r.status IS NULL;

{% include "shared/course/lent.sql" %}

{% include "shared/approved.sql" %}

-- Refused courses keep all their rows.
CREATE TEMPORARY TABLE toolsync_refused (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_refused (courseid)
SELECT r.courseid FROM toolsync_row r WHERE r.status IS NOT NULL AND r.courseid IS NOT NULL;
{% for table in (parts if parts is defined else course_graph().deletable).root_to_leaf %}

-- when: toolsync_refused
DELETE p FROM {{ table.part }} p JOIN toolsync_refused x ON x.courseid = p.courseid;
{% endfor %}
