{% from "shared/moodle_log/event.sql" import differs, event %}
{{ event("user", "created", "c", "user") }}, m.id, 30, m.id, 0, m.id, 'null'
FROM toolsync_log_made_user m ORDER BY m.id;

INSERT IGNORE INTO toolsync_log_account (id)
SELECT b.id FROM toolsync_log_changed_user b
JOIN {user} u ON u.id = b.id
WHERE {{ differs("b", "u", columns_of("user") | reject("in", ["id", "timemodified"]) | list) }};

{% for change in ("changed", "gone") %}
INSERT IGNORE INTO toolsync_log_account (id)
SELECT d.userid FROM toolsync_log_{{ change }}_user_info_data d;

INSERT IGNORE INTO toolsync_log_account (id)
SELECT i.itemid FROM toolsync_log_{{ change }}_tag_instance i WHERE i.component = 'core' AND i.itemtype = 'user';

{% endfor %}
INSERT IGNORE INTO toolsync_log_account (id)
SELECT d.userid FROM toolsync_log_made_user_info_data m
JOIN {user_info_data} d ON d.id = m.id;

INSERT IGNORE INTO toolsync_log_account (id)
SELECT i.itemid FROM toolsync_log_made_tag_instance m
JOIN {tag_instance} i ON i.id = m.id
WHERE i.component = 'core' AND i.itemtype = 'user';

-- Of a new account, and of one that goes, all that belongs to it is told by one event.
DELETE a FROM toolsync_log_account a
JOIN toolsync_log_made_user m ON m.id = a.id;

{{ event("user_password", "updated", "u", none) }}, NULL, 30, u.id, 0, u.id, '{"forgottenreset":false}'
FROM toolsync_log_changed_user b
JOIN {user} u ON u.id = b.id
WHERE {{ differs("b", "u", ["password"]) }} AND u.deleted = 0 ORDER BY u.id;

{{ event("user", "updated", "u", "user") }}, u.id, 30, u.id, 0, u.id, 'null'
FROM toolsync_log_account a
JOIN {user} u ON u.id = a.id
WHERE u.deleted = 0 ORDER BY u.id;

{{ event("cohort", "created", "c", "cohort") }}, h.id, c.contextlevel, c.instanceid, 0, NULL, 'null'
FROM toolsync_log_made_cohort m
JOIN {cohort} h ON h.id = m.id
JOIN {context} c ON c.id = h.contextid ORDER BY h.id;

{{ event("cohort", "updated", "u", "cohort") }}, h.id, c.contextlevel, c.instanceid, 0, NULL, 'null'
FROM toolsync_log_changed_cohort b
JOIN {cohort} h ON h.id = b.id
JOIN {context} c ON c.id = h.contextid
WHERE {{ differs("b", "h", columns_of("cohort") | reject("in", ["id", "timemodified"]) | list) }} ORDER BY h.id;

{{ event("cohort_member", "added", "c", "cohort") }}, h.id, c.contextlevel, c.instanceid, 0, p.userid, 'null'
FROM toolsync_log_made_cohort_members m
JOIN {cohort_members} p ON p.id = m.id
JOIN {cohort} h ON h.id = p.cohortid
JOIN {context} c ON c.id = h.contextid ORDER BY p.id;
