{% include "shared/people_check.sql" %}
{% include "shared/people_failures.sql" %}
{% include "shared/create_groups.sql" %}

-- In the order of the site's index.
INSERT IGNORE INTO toolsync_membership_new (groupid, userid, courseid, component, itemid)
SELECT COALESCE(j.groupid, g.groupid), j.userid, j.courseid, '{{ "tool_sync" if option.protect_groups else "" }}', 0
  FROM toolsync_joining j
  LEFT JOIN toolsync_group_op g ON g.line = j.line AND g.n = j.n
 WHERE COALESCE(j.groupid, g.groupid) IS NOT NULL
 ORDER BY j.userid, j.groupid;

{% include "shared/people.sql" %}
