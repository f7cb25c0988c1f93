-- Delete what belongs to a deleted account only; posts, submissions and attempts stay. 58_people.sql has unenrolled it already.
{% if given("deleted") %}

-- Grades in courses that the person had left before.
INSERT IGNORE INTO toolsync_last (courseid, userid, contextid)
SELECT gi.courseid, r.userid, c.id
  FROM toolsync_row r
  JOIN {grade_grades} gg ON gg.userid = r.userid
  JOIN {grade_items} gi ON gi.id = gg.itemid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = gi.courseid
 WHERE r.status = 'deleted';

{% include "shared/people/grades_gone.sql" %}

DROP TEMPORARY TABLE IF EXISTS toolsync_tagging_gone;
CREATE TEMPORARY TABLE toolsync_tagging_gone (id BIGINT NOT NULL PRIMARY KEY, tagid BIGINT NOT NULL);

INSERT INTO toolsync_tagging_gone (id, tagid)
SELECT ti.id, ti.tagid
  FROM toolsync_row r
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = r.userid AND ti.tiuserid = 0
 WHERE r.status = 'deleted';

{% include "shared/drop_taggings.sql" %}

DELETE e FROM {competency_evidence} e
  JOIN {competency_usercomp} uc ON uc.id = e.usercompetencyid
  JOIN toolsync_row r ON r.userid = uc.userid
 WHERE r.status = 'deleted';

DELETE ec FROM {competency_userevidencecomp} ec
  JOIN {competency_userevidence} ue ON ue.id = ec.userevidenceid
  JOIN toolsync_row r ON r.userid = ue.userid
 WHERE r.status = 'deleted';

DELETE pc FROM {competency_plancomp} pc
  JOIN {competency_plan} p ON p.id = pc.planid
  JOIN toolsync_row r ON r.userid = p.userid
 WHERE r.status = 'deleted';

DELETE e FROM {event} e
  JOIN toolsync_row r ON r.userid = e.userid
 WHERE r.status = 'deleted' AND e.subscriptionid IS NOT NULL;

{% for name in ["competency_usercomp", "competency_usercompcourse", "competency_usercompplan", "competency_userevidence", "competency_plan",
                 "event_subscriptions", "cohort_members", "groups_members", "user_preferences", "user_info_data", "user_password_history",
                 "user_lastaccess", "external_tokens", "external_services_users", "user_private_key", "oauth2_refresh_token",
                 "auth_oauth2_linked_login", "auth_lti_linked_login", "tool_monitor_subscriptions", "tool_cohortroles", "sessions"]
   if site_has(name, "userid") %}
DELETE x FROM {{ table(name) }} x
  JOIN toolsync_row r ON r.userid = x.userid
 WHERE r.status = 'deleted';
{% endfor %}

DELETE p FROM {my_pages} p
  JOIN toolsync_row r ON r.userid = p.userid
 WHERE r.status = 'deleted' AND p.private = 1;
{% endif %}
