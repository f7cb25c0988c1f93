-- Sync the courses with a meta link, as enrol_meta_sync does. Meta enrolments of the master and their roles do not count, so links do not chain.

INSERT INTO toolsync_follow (enrolid, userid, by_event)
SELECT l.enrolid, w.userid, {{ 0 if settled is defined else 1 }}
  FROM toolsync_changed w
  JOIN toolsync_meta_link l ON l.masterid = w.courseid;

INSERT IGNORE INTO toolsync_follow (enrolid, userid, by_event)
SELECT l.enrolid, ue.userid, 0
  FROM toolsync_meta_link l
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.masterid AND e.enrol <> 'meta'
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id
 WHERE l.whole;

INSERT IGNORE INTO toolsync_follow (enrolid, userid, by_event)
SELECT l.enrolid, ue.userid, 0
  FROM toolsync_meta_link l
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = l.enrolid
 WHERE l.whole;

{% if settled is defined %}
-- These are as they should be. Nobody comes or goes by an event, which a disabled link would follow, too.
DELETE f FROM toolsync_follow f JOIN {{ settled }} s ON s.enrolid = f.enrolid AND s.userid = f.userid;

{% endif %}
-- Their enrolments in the master combined: active if one of them is, from the earliest start to the latest end of the active ones.
INSERT INTO toolsync_followed (enrolid, userid, suspended, timestart, timeend)
SELECT f.enrolid, f.userid, MIN(ue.status + e.status) > 0,
       COALESCE(MIN(IF(ue.status + e.status = 0, ue.timestart, NULL)), 0),
       IF(SUM(ue.status + e.status = 0 AND ue.timeend = 0) > 0, 0, COALESCE(MAX(IF(ue.status + e.status = 0, ue.timeend, NULL)), 0))
  FROM toolsync_follow f
  JOIN toolsync_meta_link l ON l.enrolid = f.enrolid
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = l.masterid AND e.enrol <> 'meta' AND FIND_IN_SET(e.enrol, @enrol_plugins)
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = f.userid
 GROUP BY f.enrolid, f.userid;

INSERT IGNORE INTO toolsync_followed_role (enrolid, userid, roleid)
SELECT f.enrolid, f.userid, ra.roleid
  FROM toolsync_follow f
  JOIN toolsync_meta_link l ON l.enrolid = f.enrolid
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = f.userid AND ra.contextid = l.mastercontextid
 WHERE ra.component <> 'enrol_meta' AND NOT FIND_IN_SET(ra.roleid, @meta_skip_roles);

-- Column belongs: to be enrolled here. Column with_roles: to hold the master's roles, too. Without `syncall` only people with a role follow; with
-- `unenrolaction` 0, those who are suspended in the master, or whose link is disabled, leave then.
INSERT INTO toolsync_following (enrolid, userid, courseid, contextid, groupid, ueid, belongs, with_roles, suspended, timestart, timeend)
SELECT f.enrolid, f.userid, l.courseid, l.contextid, l.groupid, ue.id,
       p.userid IS NOT NULL
       AND (@meta_sync_all OR r.userid IS NOT NULL AND (@meta_unenrol <> 0 OR NOT p.suspended AND NOT l.disabled))
       AND (ue.id IS NOT NULL OR u.deleted = 0 AND (f.by_event OR NOT l.disabled)),
       p.userid IS NOT NULL AND NOT p.suspended AND NOT l.disabled,
       COALESCE(p.suspended, 1), p.timestart, p.timeend
  FROM toolsync_follow f
  JOIN toolsync_meta_link l ON l.enrolid = f.enrolid
  STRAIGHT_JOIN {user} u ON u.id = f.userid
  LEFT JOIN toolsync_followed p ON p.enrolid = f.enrolid AND p.userid = f.userid
  LEFT JOIN (SELECT DISTINCT fr.enrolid, fr.userid FROM toolsync_followed_role fr) r ON r.enrolid = f.enrolid AND r.userid = f.userid
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = f.enrolid AND ue.userid = f.userid;

INSERT INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT w.enrolid, w.userid, w.courseid, 0, 0, w.timestart, w.timeend, w.suspended, w.ueid,
       ue.id IS NOT NULL AND (ue.status <> w.suspended OR ue.timestart <> w.timestart OR ue.timeend <> w.timeend)
  FROM toolsync_following w
  LEFT JOIN {user_enrolments} ue ON ue.id = w.ueid
 WHERE w.belongs;

INSERT INTO toolsync_role_new (contextid, userid, roleid, component, itemid, courseid)
SELECT w.contextid, w.userid, r.roleid, 'enrol_meta', w.enrolid, w.courseid
  FROM toolsync_following w
  STRAIGHT_JOIN toolsync_followed_role r ON r.enrolid = w.enrolid AND r.userid = w.userid
  LEFT JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = w.userid AND ra.contextid = w.contextid AND ra.roleid = r.roleid
                                 AND ra.component = 'enrol_meta' AND ra.itemid = w.enrolid
 WHERE w.belongs AND w.with_roles AND ra.id IS NULL;

INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT w.groupid, w.userid, w.courseid, 'enrol_meta', w.enrolid
  FROM toolsync_following w
  LEFT JOIN {groups_members} gm ON gm.groupid = w.groupid AND gm.userid = w.userid
 WHERE w.belongs AND w.groupid IS NOT NULL AND gm.id IS NULL
 ORDER BY w.enrolid;

-- People who no longer belong here are unenrolled (0), or suspended with (2) or without (3, the default) roles.
INSERT INTO toolsync_leaving (enrolid, userid, ueid, courseid, contextid, component)
SELECT w.enrolid, w.userid, w.ueid, w.courseid, w.contextid, 'enrol_meta'
  FROM toolsync_following w
 WHERE NOT w.belongs AND w.ueid IS NOT NULL AND @meta_unenrol = 0;

INSERT INTO toolsync_enrolment (enrolid, userid, courseid, line, n, timestart, timeend, suspended, ueid, differs)
SELECT w.enrolid, w.userid, w.courseid, 0, 0, NULL, NULL, 1, w.ueid, ue.status <> 1
  FROM toolsync_following w
  STRAIGHT_JOIN {user_enrolments} ue ON ue.id = w.ueid
 WHERE NOT w.belongs AND @meta_unenrol IN (2, 3);

INSERT INTO toolsync_role_gone (id, contextid, courseid, userid, roleid, component)
SELECT ra.id, ra.contextid, w.courseid, ra.userid, ra.roleid, ra.component
  FROM toolsync_following w
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = w.userid AND ra.contextid = w.contextid AND ra.component = 'enrol_meta' AND ra.itemid = w.enrolid
  LEFT JOIN toolsync_followed_role r ON r.enrolid = w.enrolid AND r.userid = w.userid AND r.roleid = ra.roleid
 WHERE @meta_unenrol <> 2 AND NOT (w.belongs AND w.with_roles AND r.roleid IS NOT NULL);
