-- Courses with a meta link to these lose their people as the plugin's `unenrolaction` says: by default, they are suspended without roles.
{% from "shared/course/undo.sql" import begin with context %}
{% set contents_stay = true %}
{% set without_each_other = true %}
{{ begin(["enrol", "user_enrolments", "role_assignments", "groups", "groups_members", "message_conversation_members", "user_lastaccess",
          "forum_subscriptions", "forum_digests", "forum_track_prefs", "forum_read", "grade_grades", "files", "course_modules_completion",
          "badge", "bigbluebuttonbn_recordings"]) }}
{% include "shared/course/followers.sql" %}

{% include "shared/people_tables.sql" %}

-- when: toolsync_follower
INSERT INTO toolsync_instance_op (line, n, action, enrolid, courseid, enrol, customint1)
SELECT r.line, f.enrolid, IF(@meta_unenrol = 0, 'delete', 'disable'), f.enrolid, f.courseid, 'meta', f.masterid
  FROM toolsync_row r
  JOIN toolsync_follower f ON f.masterid = r.courseid
 WHERE r.status IS NULL AND @meta_follows AND @meta_unenrol IN (0, 2, 3);

-- Everybody in the deleted courses has to load their rights again.
-- when: toolsync_of_user_enrolments
INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT ue.userid FROM toolsync_of_user_enrolments p JOIN {user_enrolments} ue ON ue.id = p.id;

-- Empty these courses first, so that the steps below find nobody in them.
{% for name in ["user_enrolments", "role_assignments"] %}

-- when: toolsync_of_{{ name }}
DELETE t FROM toolsync_of_{{ name }} p STRAIGHT_JOIN {{ table(name) }} t ON t.id = p.id;
{% endfor %}

{% include "shared/people.sql" %}
