-- Unassign the roles in toolsync_role_gone, assign those in toolsync_role_new.

DELETE ra FROM toolsync_role_gone d STRAIGHT_JOIN {role_assignments} ra ON ra.id = d.id;

-- chunks: toolsync_role_new.seq
INSERT INTO {role_assignments} (roleid, contextid, userid, timemodified, modifierid, component, itemid, sortorder)
SELECT w.roleid, w.contextid, w.userid, @now, @actor, w.component, w.itemid, 0
  FROM toolsync_role_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT d.userid FROM toolsync_role_gone d;

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT w.userid FROM toolsync_role_new w;

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT d.courseid, d.userid
  FROM toolsync_role_gone d
  JOIN toolsync_meta_link l ON l.masterid = d.courseid
 WHERE d.component <> 'enrol_meta';

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT w.courseid, w.userid
  FROM toolsync_role_new w
  JOIN toolsync_meta_link l ON l.masterid = w.courseid
 WHERE w.component <> 'enrol_meta';

INSERT IGNORE INTO toolsync_subscriber (courseid, userid)
SELECT w.courseid, w.userid
  FROM toolsync_role_new w
  JOIN {forum} f ON f.course = w.courseid AND f.forcesubscribe = 2;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts'
  FROM toolsync_role_new w
 WHERE FIND_IN_SET(w.roleid, {{ setting("coursecontact") }})
 LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts'
  FROM toolsync_role_gone d
 WHERE FIND_IN_SET(d.roleid, {{ setting("coursecontact") }})
 LIMIT 1;
