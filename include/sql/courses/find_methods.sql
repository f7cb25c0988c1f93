DROP TEMPORARY TABLE IF EXISTS toolsync_method_found;
CREATE TEMPORARY TABLE toolsync_method_found (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, enrolid BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT IGNORE INTO toolsync_method_found (line, n, enrolid)
SELECT a.line, a.n, e.id
  FROM toolsync_ask a
  JOIN toolsync_course t ON t.line = a.line
  JOIN {enrol} e ON e.courseid = t.id AND e.enrol = a.enrol
 WHERE a.status IS NULL
   AND (a.enrol NOT IN ('cohort', 'meta') OR e.customint1 = a.customint1)
   AND (a.enrol <> 'cohort' OR e.roleid = a.roleid)
 ORDER BY a.line, a.n, a.n < 0 AND e.status <> 0, e.sortorder, e.id;

UPDATE toolsync_ask a
  JOIN toolsync_method_found f ON f.line = a.line AND f.n = a.n
   SET a.enrolid = f.enrolid;
