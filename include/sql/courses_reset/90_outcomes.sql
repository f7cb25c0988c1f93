{% include "shared/course/undone.sql" %}

-- Open sessions look again, and each line has its outcome.
UPDATE {course} c
  JOIN toolsync_of_course p ON p.id = c.id
   SET c.cacherev = GREATEST(@now, c.cacherev + 1);

UPDATE toolsync_row r SET r.status = 'updated' WHERE r.status IS NULL;
