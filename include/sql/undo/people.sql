{# Who is in courses, cohorts and groups otherwise than before the undo: courses that follow them by a meta link or a cohort get or lose the same people. #}
-- Methods that are back, or that enrol otherwise again, sync everybody; courses that follow theirs do the same.
{% if back.get("enrol") %}

INSERT IGNORE INTO toolsync_instance_op (line, n, action, enrolid, courseid, enrol, status)
SELECT 0, e.id, 'update', e.id, e.courseid, e.enrol, 'updated'
  FROM toolsync_back_enrol b
  JOIN {enrol} e ON e.id = b.id;
{% endif %}
{% set settings = ["status", "roleid", "customint1", "customint2"] | select("in", undone.enrol.changed) | list if was.get("enrol") else [] %}
{% if settings %}

INSERT IGNORE INTO toolsync_instance_op (line, n, action, enrolid, courseid, enrol, status)
SELECT 0, e.id, 'update', e.id, e.courseid, e.enrol, 'updated'
  FROM toolsync_was_enrol w
  JOIN toolsync_became_enrol b ON b.id = w.id
  JOIN {enrol} e ON e.id = w.id
 WHERE {% for column in settings %}{{ " OR " if not loop.first }}NOT (w.{{ column }} <=> b.{{ column }}){% endfor %};
{% endif %}

{% if unmade.get("enrol") %}
-- So do methods that the run made and that stay, because somebody is enrolled by them since: with the others gone again, they would take them anew.
INSERT IGNORE INTO toolsync_instance_op (line, n, action, enrolid, courseid, enrol, status)
SELECT 0, e.id, 'update', e.id, e.courseid, e.enrol, 'updated'
  FROM toolsync_stays s
  JOIN {enrol} e ON e.id = s.id
 WHERE s.name = 'enrol' AND s.what = 'made';

{% endif %}
-- The courses whose people changed, and those of them that others follow.
CREATE TEMPORARY TABLE toolsync_master (courseid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL, KEY (contextid));
{% for side in [back.get("user_enrolments"), was.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT e.courseid FROM {{ side }} b JOIN {user_enrolments} ue ON ue.id = b.id JOIN {enrol} e ON e.id = ue.enrolid;
{% endfor %}
{% for side in [unmade.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT e.courseid FROM {{ side }} b JOIN {enrol} e ON e.id = b.enrolid;
{% for method in [unmade.get("enrol")] | select %}

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT e.courseid FROM {{ side }} b JOIN {{ method }} e ON e.id = b.enrolid;
{% endfor %}
{% endfor %}
{% for side in [back.get("role_assignments"), was.get("role_assignments")] | select %}

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT x.instanceid FROM {{ side }} b JOIN {role_assignments} ra ON ra.id = b.id JOIN {context} x ON x.id = ra.contextid AND x.contextlevel = 50;
{% endfor %}
{% for side in [unmade.get("role_assignments")] | select %}

INSERT IGNORE INTO toolsync_touched_course (courseid)
SELECT DISTINCT x.instanceid FROM {{ side }} b JOIN {context} x ON x.id = b.contextid AND x.contextlevel = 50;
{% endfor %}

INSERT IGNORE INTO toolsync_master (courseid, contextid)
SELECT t.courseid, x.id
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN toolsync_touched_course t ON t.courseid = e.customint1
  STRAIGHT_JOIN {context} x {{ by_index("context", "contextlevel", "instanceid") }} ON x.contextlevel = 50 AND x.instanceid = t.courseid
 WHERE e.enrol = 'meta';
{% for side in [back.get("user_enrolments"), was.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT m.courseid, ue.userid
  FROM {{ side }} b
  JOIN {user_enrolments} ue ON ue.id = b.id
  JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol <> 'meta'
  JOIN toolsync_master m ON m.courseid = e.courseid;

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT ue.userid FROM {{ side }} b JOIN {user_enrolments} ue ON ue.id = b.id;
{% endfor %}
{% for side in [unmade.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT m.courseid, b.userid
  FROM {{ side }} b
  JOIN {enrol} e ON e.id = b.enrolid AND e.enrol <> 'meta'
  JOIN toolsync_master m ON m.courseid = e.courseid;
{% for method in [unmade.get("enrol")] | select %}

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT m.courseid, b.userid FROM {{ side }} b JOIN {{ method }} e ON e.id = b.enrolid JOIN toolsync_master m ON m.courseid = e.courseid;
{% endfor %}

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT b.userid FROM {{ side }} b WHERE b.userid IS NOT NULL;
{% endfor %}
{% for side in [back.get("role_assignments"), was.get("role_assignments")] | select %}

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT m.courseid, ra.userid
  FROM {{ side }} b
  JOIN {role_assignments} ra ON ra.id = b.id AND ra.component <> 'enrol_meta'
  JOIN toolsync_master m ON m.contextid = ra.contextid;

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT ra.userid FROM {{ side }} b JOIN {role_assignments} ra ON ra.id = b.id;
{% endfor %}
{% for side in [unmade.get("role_assignments")] | select %}

INSERT IGNORE INTO toolsync_changed (courseid, userid)
SELECT m.courseid, b.userid FROM {{ side }} b JOIN toolsync_master m ON m.contextid = b.contextid;

INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT b.userid FROM {{ side }} b WHERE b.userid IS NOT NULL;
{% endfor %}

-- Who is in a cohort otherwise than before, and the methods that enrol its members now.
CREATE TEMPORARY TABLE toolsync_cohort_moved (cohortid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (cohortid, userid));
{% for side in [back.get("cohort_members")] | select %}

INSERT IGNORE INTO toolsync_cohort_moved (cohortid, userid)
SELECT m.cohortid, m.userid FROM {{ side }} b JOIN {cohort_members} m ON m.id = b.id;
{% endfor %}
{% for side in [unmade.get("cohort_members")] | select %}

INSERT IGNORE INTO toolsync_cohort_moved (cohortid, userid)
SELECT b.cohortid, b.userid FROM {{ side }} b WHERE b.cohortid IS NOT NULL AND b.userid IS NOT NULL;
{% endfor %}

INSERT INTO toolsync_cohort_instance (enrolid, cohortid, courseid, contextid, roleid, groupid, disabled, whole)
SELECT e.id, e.customint1, e.courseid, c.id, r.id, g.id, e.status <> 0, 0
  FROM {enrol} e {{ by_index("enrol", "enrol") }}
  STRAIGHT_JOIN (SELECT DISTINCT w.cohortid FROM toolsync_cohort_moved w) t ON t.cohortid = e.customint1
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = e.courseid
  LEFT JOIN {role} r ON r.id = e.roleid
  LEFT JOIN {groups} g ON g.id = e.customint2 AND g.courseid = e.courseid
 WHERE e.enrol = 'cohort';

INSERT IGNORE INTO toolsync_cohort_sync (enrolid, userid, member, joined)
SELECT i.enrolid, w.userid, m.id IS NOT NULL, 0
  FROM toolsync_cohort_moved w
  JOIN toolsync_cohort_instance i ON i.cohortid = w.cohortid
  LEFT JOIN {cohort_members} m ON m.cohortid = w.cohortid AND m.userid = w.userid
 WHERE @cohort_follows OR m.id IS NULL;
