{# People whom a meta link or cohort method has enrolled, and who are so again as before: the bundle held those rows. They are left alone, even where the site was
   not as its settings say, unless something came between. #}
CREATE TEMPORARY TABLE toolsync_settled (enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (enrolid, userid));
CREATE TEMPORARY TABLE toolsync_unsettled (enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (enrolid, userid));
{% for side in [back.get("user_enrolments"), was.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_settled (enrolid, userid)
SELECT ue.enrolid, ue.userid
  FROM {{ side }} b
  JOIN {user_enrolments} ue ON ue.id = b.id
  JOIN {enrol} e ON e.id = ue.enrolid AND e.enrol IN ('cohort', 'meta');
{% endfor %}
{% if was.get("user_enrolments") %}

-- A value that somebody changed since stays.
INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT ue.enrolid, ue.userid
  FROM toolsync_was_user_enrolments w
  JOIN toolsync_became_user_enrolments b ON b.id = w.id
  JOIN {user_enrolments} ue ON ue.id = w.id
 WHERE {% for column in undone.user_enrolments.changed %}{{ " OR " if not loop.first }}NOT (w.`{{ column }}` <=> b.`{{ column }}` OR ue.`{{ column }}` <=> w.`{{ column }}`){% endfor %};
{% endif %}
{% if unmade.get("user_enrolments") %}

INSERT IGNORE INTO toolsync_settled (enrolid, userid)
SELECT m.enrolid, m.userid
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid AND e.enrol IN ('cohort', 'meta')
 WHERE m.userid IS NOT NULL;
{% endif %}
{% if back.get("role_assignments") %}

INSERT IGNORE INTO toolsync_settled (enrolid, userid)
SELECT ra.itemid, ra.userid
  FROM toolsync_back_role_assignments b
  JOIN {role_assignments} ra ON ra.id = b.id AND ra.component IN ('enrol_cohort', 'enrol_meta')
  JOIN {user_enrolments} ue ON ue.enrolid = ra.itemid AND ue.userid = ra.userid;
{% endif %}
{% if unmade.get("role_assignments") %}

INSERT IGNORE INTO toolsync_settled (enrolid, userid)
SELECT e.id, m.userid
  FROM toolsync_unmake_role_assignments m
  JOIN {context} x ON x.id = m.contextid AND x.contextlevel = 50
  JOIN {enrol} e ON e.courseid = x.instanceid AND e.enrol IN ('cohort', 'meta')
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = m.userid;
{% endif %}

-- Came between: a change of the method, of the cohort, of the person's enrolments or roles in the master course.
{% for since in [
    "{enrol} l ON l.id = s.enrolid AND GREATEST(l.timecreated, l.timemodified) > @made",
    "{enrol} l ON l.id = s.enrolid AND l.enrol = 'cohort'
  JOIN {cohort_members} m ON m.cohortid = l.customint1 AND m.userid = s.userid AND m.timeadded > @made",
    "{enrol} l ON l.id = s.enrolid AND l.enrol = 'meta'
  JOIN {enrol} e ON e.courseid = l.customint1 AND e.enrol <> 'meta'
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = s.userid AND GREATEST(e.timemodified, ue.timecreated, ue.timemodified) > @made",
    "{enrol} l ON l.id = s.enrolid AND l.enrol = 'meta'
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = l.customint1
  JOIN {role_assignments} ra " ~ by_index("role_assignments", "userid", "contextid") ~ " ON ra.userid = s.userid AND ra.contextid = x.id AND ra.component <> 'enrol_meta' AND ra.timemodified > @made",
  ] %}

INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT s.enrolid, s.userid
  FROM toolsync_settled s
  JOIN {{ since }};
{% endfor %}
{% if unmade.get("enrol") %}

INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT s.enrolid, s.userid
  FROM toolsync_settled s
  JOIN toolsync_stays e ON e.name = 'enrol' AND e.what = 'made' AND e.id = s.enrolid;
{% endif %}

-- Or the cohort, the enrolment or the role in the master course was taken away, of which nothing is left to see but the person here.
INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT s.enrolid, s.userid
  FROM toolsync_settled s
  JOIN {enrol} l ON l.id = s.enrolid AND l.enrol = 'cohort'
  JOIN {user_enrolments} p ON p.enrolid = l.id AND p.userid = s.userid AND p.status = 0
  LEFT JOIN {cohort_members} m ON m.cohortid = l.customint1 AND m.userid = s.userid
 WHERE m.id IS NULL;

INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT s.enrolid, s.userid
  FROM toolsync_settled s
  JOIN {enrol} l ON l.id = s.enrolid AND l.enrol = 'meta'
  JOIN {user_enrolments} p ON p.enrolid = l.id AND p.userid = s.userid AND p.status = 0
 WHERE NOT EXISTS (SELECT 1 FROM {enrol} e JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = s.userid WHERE e.courseid = l.customint1 AND e.enrol <> 'meta');

INSERT IGNORE INTO toolsync_unsettled (enrolid, userid)
SELECT s.enrolid, s.userid
  FROM toolsync_settled s
  JOIN {enrol} l ON l.id = s.enrolid AND l.enrol = 'meta'
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = l.courseid
  JOIN {context} mc ON mc.contextlevel = 50 AND mc.instanceid = l.customint1
  JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = s.userid AND ra.contextid = c.id AND ra.component = 'enrol_meta' AND ra.itemid = l.id
  LEFT JOIN {role_assignments} r ON r.userid = s.userid AND r.contextid = mc.id AND r.roleid = ra.roleid AND r.component <> 'enrol_meta'
 WHERE r.id IS NULL;

DELETE s FROM toolsync_settled s JOIN toolsync_unsettled u ON u.enrolid = s.enrolid AND u.userid = s.userid;
