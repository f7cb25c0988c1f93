-- Enrol the people in toolsync_enrolment, or update their dates and status.

DROP TEMPORARY TABLE IF EXISTS toolsync_enrolment_changed;
CREATE TEMPORARY TABLE toolsync_enrolment_changed (ueid BIGINT NOT NULL PRIMARY KEY, timestart BIGINT NULL, timeend BIGINT NULL, suspended TINYINT NULL);

INSERT INTO toolsync_enrolment_changed (ueid, timestart, timeend, suspended)
SELECT w.ueid, w.timestart, w.timeend, w.suspended
  FROM toolsync_enrolment w
 WHERE w.differs;

-- chunks: toolsync_enrolment.seq
INSERT INTO {user_enrolments} (status, enrolid, userid, timestart, timeend, modifierid, timecreated, timemodified)
SELECT COALESCE(w.suspended, 0), w.enrolid, w.userid, COALESCE(w.timestart, 0), COALESCE(w.timeend, 0), @actor, @now, @now
  FROM toolsync_enrolment w
 WHERE w.seq BETWEEN @first AND @last AND w.ueid IS NULL
 ORDER BY w.seq;

UPDATE toolsync_enrolment_changed w
  STRAIGHT_JOIN {user_enrolments} ue ON ue.id = w.ueid
   SET ue.status = COALESCE(w.suspended, ue.status), ue.timestart = COALESCE(w.timestart, ue.timestart),
       ue.timeend = COALESCE(w.timeend, ue.timeend), ue.modifierid = @actor, ue.timemodified = @now;

{% if site_sets("recovergradesdefault") %}
INSERT IGNORE INTO toolsync_returning (courseid, userid, line)
SELECT w.courseid, w.userid, w.line
  FROM toolsync_enrolment w
 WHERE @recovers AND w.ueid IS NULL
 ORDER BY w.seq;

{% endif %}
INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT w.userid
  FROM toolsync_enrolment w
 WHERE w.ueid IS NULL OR w.differs;

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT w.courseid, w.userid
  FROM toolsync_enrolment w
  JOIN toolsync_meta_link l ON l.masterid = w.courseid
  STRAIGHT_JOIN {enrol} e FORCE INDEX (PRIMARY) ON e.id = w.enrolid AND e.enrol <> 'meta'
 WHERE w.ueid IS NULL OR w.differs;

-- Course cards show active teachers only.
INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts'
  FROM toolsync_enrolment w
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = w.courseid
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = w.userid AND ra.contextid = c.id
 WHERE w.differs AND FIND_IN_SET(ra.roleid, {{ setting("coursecontact") }})
 LIMIT 1;
