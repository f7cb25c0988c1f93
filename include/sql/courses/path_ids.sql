UPDATE toolsync_path u
  JOIN toolsync_category p ON p.path = u.value
   SET u.categoryid = p.categoryid;

UPDATE toolsync_wish w
  JOIN toolsync_path u ON u.line = w.first
   SET w.categoryid = u.categoryid;
