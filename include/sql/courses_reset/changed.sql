{# The tables in which a file with these columns may change or delete rows (except those of other courses), and those that it has to read. #}
{% set changed = namespace(tables=[]) %}
{% from "courses_reset/terms.sql" import resets, going with context %}
{% for entry in going if not entry.parent %}
{% set changed.tables = changed.tables + [entry.table.name] %}
{% endfor %}
{% set changed.tables = changed.tables + ["course_modules", "event"] + resets.facts("reset_sets") | map("first") | map(attribute="name") | list %}
{% if given("startdate") %}
{% for node, _ in resets.dated() %}
{% set changed.tables = changed.tables + [node.name] %}
{% endfor %}
{% set changed.tables = changed.tables + ["course_sections", "course_completion_criteria"] %}
{% endif %}
{% if given("events") or given("startdate") %}
{% for node, _ in resets.facts("calendar") %}
{% set changed.tables = changed.tables + [node.name] %}
{% endfor %}
{% endif %}
{% set people = given("roles") or given("groups") or given("groupings") or given("local_roles") %}
{% if people %}
{% set changed.tables = changed.tables + ["user_enrolments", "role_assignments", "groups", "groups_members", "groupings", "groupings_groups",
    "message_conversations", "message_conversation_members", "message_conversation_actions", "messages", "message_user_actions", "favourite",
    "user_lastaccess", "forum_subscriptions", "forum_digests", "forum_track_prefs", "forum_read", "files", "quiz_attempts", "quiz_overrides",
    "assign_overrides", "lesson_overrides"] %}
{% endif %}
{% set changed.tables = changed.tables + ["grade_items", "grade_grades", "course_modules_completion", "files"] %}
{% if given("grades") %}
{% set changed.tables = changed.tables + ["grade_categories", "grade_outcomes", "grade_outcomes_courses", "scale", "grade_settings"] %}
{% endif %}
{% set changed.tables = changed.tables | unique | list %}
