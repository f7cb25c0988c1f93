-- For types with an approved plan: fail the lines that name a course which was not approved for them, and those whose course somebody has used since
-- the plan was made. Include it once the lines have their courseid and before anything is written.
{% if approved_plan %}
UPDATE toolsync_row r
  JOIN toolsync_of_course p ON p.id = r.courseid
  LEFT JOIN toolsync_approved a ON a.line = r.line AND a.courseid = r.courseid
  LEFT JOIN {course} c ON c.id = r.courseid
   SET r.status = 'failed', r.message = CONCAT('since the plan was made, this line has come to mean the course ', c.shortname, ', which was not approved. Drop the line again to get a new plan')
 WHERE r.status IS NULL AND a.line IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_approved a ON a.line = r.line AND a.courseid = r.courseid
   SET r.status = 'failed', r.message = 'somebody has been in this course since the plan was made. Drop the line again to get a new plan'
 WHERE r.status IS NULL
   AND COALESCE((SELECT MAX(l.timeaccess) FROM {user_lastaccess} l WHERE l.courseid = r.courseid), 0) > COALESCE(a.lastaccess, 0);
{% endif %}
