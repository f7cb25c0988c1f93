{# What sessions and caches of the site have to load again, and whose sessions end. #}
{% set topics = {
    "groups": ["groups", "groupings", "groupings_groups"], "group_members": ["groups_members"], "categories": ["course_categories"], "courses": ["course"],
    "completion": ["course_modules_completion", "course_completions", "course_completion_crit_compl", "course_completion_criteria"],
    "overrides": ["quiz_overrides", "assign_overrides", "lesson_overrides"], "glossary": ["glossary_entries"], "grade_restrictions": ["grade_grades", "grade_items"],
    "grade_categories": ["grade_categories"], "role_overrides": ["role_capabilities"], "settings": ["config", "config_plugins"],
} %}
{% for topic, names in topics.items() %}
{% for name in names %}
{% for side in [back.get(name), was.get(name), unmade.get(name)] | select %}

INSERT IGNORE INTO toolsync_stale (topic) SELECT '{{ topic }}' FROM {{ side }} b LIMIT 1;
{% endfor %}
{% endfor %}
{% endfor %}
{% for side in [back.get("files"), was.get("files")] | select %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'course_images' FROM {{ side }} b JOIN {files} f ON f.id = b.id AND f.component = 'course' AND f.filearea = 'overviewfiles' LIMIT 1;
{% endfor %}
{% if unmade.get("files") %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'course_images' FROM toolsync_unmake_files m JOIN {context} x ON x.id = m.contextid AND x.contextlevel = 50 LIMIT 1;
{% endif %}
{% if unmade.get("course_categories") %}

INSERT IGNORE INTO toolsync_stale (topic) SELECT 'category_gone' FROM toolsync_unmake_course_categories m LIMIT 1;
{% endif %}

-- Course cards name the people with certain roles.
{% for side in [back.get("role_assignments"), was.get("role_assignments")] | select %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts' FROM {{ side }} b JOIN {role_assignments} ra ON ra.id = b.id WHERE FIND_IN_SET(ra.roleid, {{ setting("coursecontact") }}) LIMIT 1;
{% endfor %}
{% if unmade.get("role_assignments") %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts' FROM toolsync_unmake_role_assignments m WHERE m.roleid IS NULL OR FIND_IN_SET(m.roleid, {{ setting("coursecontact") }}) LIMIT 1;
{% endif %}
{% for side in [back.get("user_enrolments"), was.get("user_enrolments")] | select %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts'
  FROM {{ side }} b
  JOIN {user_enrolments} ue ON ue.id = b.id
  JOIN {enrol} e ON e.id = ue.enrolid
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = e.courseid
  JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = ue.userid AND ra.contextid = x.id
 WHERE FIND_IN_SET(ra.roleid, {{ setting("coursecontact") }})
 LIMIT 1;
{% endfor %}
{% for side in [back.get("context"), was.get("context")] | select %}

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path FROM {{ side }} b JOIN {context} x ON x.id = b.id AND x.contextlevel IN (40, 50) WHERE x.path IS NOT NULL;
{% endfor %}
{% for side in [back.get("role_capabilities"), was.get("role_capabilities")] | select %}

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path FROM {{ side }} b JOIN {role_capabilities} c ON c.id = b.id JOIN {context} x ON x.id = c.contextid WHERE x.path IS NOT NULL;
{% endfor %}
{% if unmade.get("role_capabilities") %}

INSERT IGNORE INTO toolsync_dirty_context (path)
SELECT x.path FROM toolsync_unmake_role_capabilities m JOIN {context} x ON x.id = m.contextid WHERE x.path IS NOT NULL;
{% endif %}
{% if was.get("user") and ["suspended", "deleted", "auth"] | select("in", undone.user.changed) | list %}

-- Who may not log in any more is logged out.
CREATE TEMPORARY TABLE toolsync_session_over (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_session_over (id)
SELECT s.id
  FROM toolsync_was_user w
  JOIN {user} u ON u.id = w.id AND (u.suspended = 1 OR u.deleted = 1 OR u.auth = 'nologin')
  JOIN {sessions} s ON s.userid = u.id;

DELETE s FROM toolsync_session_over d STRAIGHT_JOIN {sessions} s ON s.id = d.id;
{% endif %}
{% if unmade.get("user") %}

CREATE TEMPORARY TABLE toolsync_session_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_session_gone (id)
SELECT s.id FROM toolsync_unmake_user m JOIN {sessions} s ON s.userid = m.id;

DELETE s FROM toolsync_session_gone d STRAIGHT_JOIN {sessions} s ON s.id = d.id;
{% endif %}
