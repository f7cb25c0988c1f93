-- user.picture is the id of f1: it is in the address of the picture, so browsers ask for the new one.
UPDATE {user} u
  JOIN toolsync_row r ON r.userid = u.id AND r.status IS NULL
   SET u.picture = r.fileid;

UPDATE toolsync_row SET status = IF(had_picture, 'updated', 'created') WHERE status IS NULL;
