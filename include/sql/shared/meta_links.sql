-- The meta links of the site: no index finds those from a course, so they are read once.
CREATE TEMPORARY TABLE toolsync_follows (enrolid BIGINT NOT NULL PRIMARY KEY, masterid BIGINT NOT NULL, courseid BIGINT NOT NULL, KEY (masterid), KEY (courseid));

INSERT INTO toolsync_follows (enrolid, masterid, courseid)
SELECT e.id, e.customint1, e.courseid
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
 WHERE e.enrol = 'meta' AND e.customint1 IS NOT NULL AND e.courseid <> e.customint1;
