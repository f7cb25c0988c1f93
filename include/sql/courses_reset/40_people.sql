-- Unenrol people, empty or delete groups and groupings.
{% from "courses_reset/terms.sql" import possible with context %}
{% set contents_stay = true %}
{% if given("groups") %}

-- when: toolsync_of_groups_members
INSERT IGNORE INTO toolsync_membership_gone (id, groupid, userid, courseid)
SELECT gm.id, gm.groupid, gm.userid, p.courseid
  FROM toolsync_asked a
  JOIN toolsync_of_groups_members p ON p.courseid = a.courseid
  JOIN {groups_members} gm ON gm.id = p.id
 WHERE a.name = 'groups_members';

-- when: toolsync_of_groups
INSERT IGNORE INTO toolsync_group_gone (groupid)
SELECT p.id FROM toolsync_asked a JOIN toolsync_of_groups p ON p.courseid = a.courseid WHERE a.name = 'groups_remove';
{% endif %}
{% if given("groupings") %}

-- when: toolsync_of_groupings
INSERT IGNORE INTO toolsync_grouping_gone (groupingid)
SELECT p.id FROM toolsync_asked a JOIN toolsync_of_groupings p ON p.courseid = a.courseid WHERE a.name = 'groupings_remove';
{% endif %}
{% if given("local_roles") %}

-- when: toolsync_gone_role_assignments
INSERT IGNORE INTO toolsync_dirty_user (userid)
SELECT ra.userid FROM toolsync_gone_role_assignments g JOIN {role_assignments} ra ON ra.id = g.id;

-- when: toolsync_gone_role_capabilities
INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path
  FROM toolsync_gone_role_capabilities g
  JOIN {role_capabilities} rc ON rc.id = g.id
  JOIN {context} x ON x.id = rc.contextid;

-- when: toolsync_gone_role_capabilities
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('role_overrides');
{% endif %}
{% if given("roles") or given("groups") or given("local_roles") %}

{% include "shared/people.sql" %}
{% endif %}
{% if given("groups") or given("groupings") %}

{% include "shared/delete_groups.sql" %}
{% endif %}
