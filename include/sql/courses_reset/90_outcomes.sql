{% include "shared/course/undone.sql" %}

-- Make the courses' caches stale, and set the outcome of each line.
UPDATE {course} c
  JOIN toolsync_of_course p ON p.id = c.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

UPDATE toolsync_row r SET r.status = 'updated' WHERE r.status IS NULL;
