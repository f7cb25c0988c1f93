-- user.picture is the id of f1. It is part of the picture's URL, so browsers load the new one.
UPDATE {user} u
  JOIN toolsync_row r ON r.userid = u.id AND r.status IS NULL
   SET u.picture = r.fileid;

UPDATE toolsync_row SET status = IF(had_picture, 'updated', 'created') WHERE status IS NULL;
