-- user.picture is the id of f1. It is part of the picture's URL, so browsers load the new one.
CREATE TEMPORARY TABLE toolsync_shown (userid BIGINT NOT NULL PRIMARY KEY, fileid BIGINT NOT NULL);

INSERT INTO toolsync_shown (userid, fileid) SELECT userid, fileid FROM toolsync_row WHERE status IS NULL;

UPDATE toolsync_shown w
  STRAIGHT_JOIN {user} u ON u.id = w.userid
   SET u.picture = w.fileid
 WHERE u.deleted = 0;

UPDATE toolsync_row SET status = IF(had_picture, 'updated', 'created') WHERE status IS NULL;
