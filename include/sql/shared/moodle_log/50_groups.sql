{% from "shared/moodle_log/event.sql" import differs, event %}
{% for name, target in (("groupings", "grouping"), ("groups", "group")) %}
{{ event(target, "created", "c", name) }}, g.id, 50, g.courseid, g.courseid, NULL, 'null'
FROM toolsync_log_made_{{ name }} m
JOIN {{ "{" ~ name ~ "}" }} g ON g.id = m.id ORDER BY g.id;

{{ event(target, "updated", "u", name) }}, g.id, 50, g.courseid, g.courseid, NULL, 'null'
FROM toolsync_log_changed_{{ name }} b
JOIN {{ "{" ~ name ~ "}" }} g ON g.id = b.id
WHERE {{ differs("b", "g", columns_of(name) | reject("in", ["id", "timemodified"]) | list) }} ORDER BY g.id;

{% endfor %}
{{ event("grouping_group", "assigned", "c", "groupings") }}, g.id, 50, g.courseid, g.courseid, NULL, JSON_OBJECT('groupid', l.groupid)
FROM toolsync_log_made_groupings_groups m
JOIN {groupings_groups} l ON l.id = m.id
JOIN {groupings} g ON g.id = l.groupingid ORDER BY l.id;

{{ event("group_member", "added", "c", "groups") }}, g.id, 50, g.courseid, g.courseid, p.userid, JSON_OBJECT('component', p.component, 'itemid', p.itemid)
FROM toolsync_log_made_groups_members m
JOIN {groups_members} p ON p.id = m.id
JOIN {groups} g ON g.id = p.groupid ORDER BY p.id;
