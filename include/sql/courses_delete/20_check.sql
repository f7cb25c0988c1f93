-- What has no category can't be put back: nobody can make one with that id again.
CREATE TEMPORARY TABLE toolsync_homeless (courseid BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL);

INSERT INTO toolsync_homeless (courseid, category)
SELECT c.id, c.category
  FROM toolsync_of_course p
  JOIN {course} c ON c.id = p.id
  LEFT JOIN {course_categories} k ON k.id = c.category
 WHERE k.id IS NULL;

UPDATE toolsync_row r
  JOIN toolsync_homeless h ON h.courseid = r.courseid
   SET r.status = 'failed',
       r.message = CONCAT('its category (id ', h.category, ') is gone, so it could not be put back: move it into another one first')
 WHERE r.status IS NULL;

{% include "shared/course/refuse.sql" %}

{% include "shared/course/plan.sql" %}
