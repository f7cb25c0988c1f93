-- Delete what belongs to a deleted account only; posts, submissions and attempts stay. 58_people.sql has unenrolled it already, but for enrolments whose method or course is gone.
{% if given("deleted") %}

CREATE TEMPORARY TABLE toolsync_deleted (userid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT INTO toolsync_deleted (userid, line) SELECT userid, line FROM toolsync_row WHERE status = 'deleted';

-- Grades in courses that the person had left before.
INSERT IGNORE INTO toolsync_last (courseid, userid, contextid)
SELECT gi.courseid, d.userid, c.id
  FROM toolsync_deleted d
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid") }} ON gg.userid = d.userid
  STRAIGHT_JOIN {grade_items} gi ON gi.id = gg.itemid
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 50 AND c.instanceid = gi.courseid;

DROP TEMPORARY TABLE IF EXISTS toolsync_tagging_gone;
CREATE TEMPORARY TABLE toolsync_tagging_gone (id BIGINT NOT NULL PRIMARY KEY, tagid BIGINT NOT NULL);

INSERT INTO toolsync_tagging_gone (id, tagid)
SELECT ti.id, ti.tagid
  FROM toolsync_deleted d
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = d.userid AND ti.tiuserid = 0;

{% set own = ["competency_usercomp", "competency_usercompcourse", "competency_usercompplan", "competency_userevidence", "competency_plan",
              "event_subscriptions", "cohort_members", "groups_members", "user_preferences", "user_info_data", "user_password_history",
              "user_lastaccess", "external_tokens", "external_services_users", "user_private_key", "oauth2_refresh_token",
              "auth_oauth2_linked_login", "auth_lti_linked_login", "tool_monitor_subscriptions", "tool_cohortroles", "sessions"] %}
{% set gone = [
  ("user_enrolments", "STRAIGHT_JOIN {user_enrolments} x " ~ by_index("user_enrolments", "userid") ~ " ON x.userid = d.userid"),
  ("competency_evidence", "JOIN {competency_usercomp} up ON up.userid = d.userid JOIN {competency_evidence} x ON x.usercompetencyid = up.id"),
  ("competency_userevidencecomp", "JOIN {competency_userevidence} up ON up.userid = d.userid JOIN {competency_userevidencecomp} x ON x.userevidenceid = up.id"),
  ("competency_plancomp", "JOIN {competency_plan} up ON up.userid = d.userid JOIN {competency_plancomp} x ON x.planid = up.id"),
  ("event", "JOIN {event} x ON x.userid = d.userid AND x.subscriptionid IS NOT NULL"),
  ("my_pages", "JOIN {my_pages} x ON x.userid = d.userid AND x.private = 1"),
] %}
{% for name in own if site_has(name, "userid") %}{% set _ = gone.append((name, "JOIN " ~ table(name) ~ " x ON x.userid = d.userid")) %}{% endfor %}

-- Found first and deleted by their ids: some of these tables have no index of userid, and a DELETE locks whatever it looks through.
CREATE TEMPORARY TABLE toolsync_belonging (source VARCHAR(40) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (source, id));

{% for name, joins in gone %}
INSERT INTO toolsync_belonging (source, id)
SELECT '{{ name }}', x.id FROM toolsync_deleted d {{ joins }};
{% endfor %}

{% include "shared/people/grades_gone.sql" %}

{% include "shared/drop_taggings.sql" %}

{% for name, _ in gone %}
DELETE x FROM toolsync_belonging d STRAIGHT_JOIN {{ table(name) }} x ON x.id = d.id AND d.source = '{{ name }}';
{% endfor %}
{% endif %}
