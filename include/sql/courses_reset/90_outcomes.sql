{% include "shared/course/undone.sql" %}

-- Make the courses' caches stale, and set the outcome of each line.
UPDATE toolsync_of_course p
  STRAIGHT_JOIN {course} c ON c.id = p.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

UPDATE toolsync_row r SET r.status = 'updated' WHERE r.status IS NULL;
