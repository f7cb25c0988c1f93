-- For types with an approved plan: fail the lines that failed when it was made or name a course which was not approved for them, and those whose course
-- somebody has used since. Include it once the lines have their courseid and before anything is written.
{% if approved_plan %}
CREATE TEMPORARY TABLE toolsync_course_now (courseid BIGINT NOT NULL PRIMARY KEY, shortname VARCHAR(255) NOT NULL, lastaccess BIGINT NULL);

INSERT INTO toolsync_course_now (courseid, shortname, lastaccess)
SELECT c.id, c.shortname, (SELECT MAX(l.timeaccess) FROM {user_lastaccess} l WHERE l.courseid = c.id)
  FROM toolsync_of_course p
  JOIN {course} c ON c.id = p.id;

UPDATE toolsync_row r
  JOIN toolsync_course_now c ON c.courseid = r.courseid
  LEFT JOIN toolsync_approved a ON a.line = r.line AND (a.courseid = r.courseid OR a.failed IS NOT NULL)
   SET r.status = 'failed', r.message = CONCAT(IF(a.failed IS NULL,
       CONCAT('the course ', c.shortname, ' was not approved for this line: since the plan was made, the line has come to mean this course'),
       CONCAT('this line failed when the plan was made: ', a.failed)), '. Drop the line again to get a new plan')
 WHERE r.status IS NULL AND (a.line IS NULL OR a.failed IS NOT NULL);

UPDATE toolsync_row r
  JOIN toolsync_course_now c ON c.courseid = r.courseid
  JOIN toolsync_approved a ON a.line = r.line AND a.courseid = r.courseid
   SET r.status = 'failed', r.message = 'somebody has been in this course since the plan was made. Drop the line again to get a new plan'
 WHERE r.status IS NULL AND COALESCE(c.lastaccess, 0) > COALESCE(a.lastaccess, 0);
{% endif %}
