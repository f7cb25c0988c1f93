{# Rows that only say that somebody looked, or what happened: no use of what they refer to. #}
{% set seen = ["user_lastaccess", "course_modules_viewed", "block_recentlyaccesseditems", "block_recent_activity", "forum_read", "message_popup_notifications"] %}
{% set told = ["logstore_standard_log", "log", "sessions", "task_adhoc", "task_log", "events_queue_handlers", "stats_daily", "stats_weekly", "stats_monthly", "stats_user_daily",
               "stats_user_weekly", "stats_user_monthly", "backup_controllers", "backup_courses", "search_index_requests", "notifications", "cache_flags"] %}
{# Rows that tie two things together. Each goes or stays by itself, whatever becomes of the things. #}
{% set ties = ["user_enrolments", "role_assignments", "groups_members", "cohort_members", "groupings_groups", "message_conversation_members", "user_lastaccess",
               "forum_subscriptions", "favourite"] %}
{# What Moodle has once only, although no index of the database says so; NULL and '' don't count. #}
{% set once = {"course": [["shortname"], ["idnumber"]], "cohort": [["idnumber"]], "groups": [["courseid", "idnumber"]], "groupings": [["courseid", "idnumber"]],
               "course_categories": [["idnumber"]], "role_assignments": [["roleid", "contextid", "userid", "component", "itemid"]],
               "tag_instance": [["tagid", "itemtype", "itemid", "component", "contextid"]], "message_conversation_members": [["conversationid", "userid"]],
               "user_preferences": [["userid", "name"]], "user_info_data": [["userid", "fieldid"]]} %}
{% set sides = ["back", "was", "became", "unmake"] %}
{# Of rows w (as they were), b (as the run left them) and t (as they are now): whether two have the same in a column, byte by byte; … #}
{% macro same(column, one, other) -%}
BINARY {{ one }}.`{{ column }}` <=> BINARY {{ other }}.`{{ column }}`
{%- endmacro %}
{# … whether nobody else has changed it since the run did; … #}
{% macro undisturbed(column) -%}
{{ same(column, "w", "b") }} OR {{ same(column, "t", "b") }} OR {{ same(column, "t", "w") }}
{%- endmacro %}
{# … and whether all these columns are as they were. #}
{% macro as_before(columns) -%}
{% for column in columns %}{{ " AND " if not loop.first }}({{ same(column, "w", "b") }} OR {{ same(column, "t", "w") }}){% endfor %}
{%- endmacro %}
{# Whether two rows have the same in these columns. #}
{% macro pairs(columns, one, other) -%}
{% for column in columns %}{{ " AND " if not loop.first }}{{ one }}.`{{ column }}` = {{ other }}.`{{ column }}`{% endfor %}
{%- endmacro %}
{# Whether a row with the same idnumber has it since the run: what two cohorts had before, two may have again. Groups and courses come with the times of those
   that they were copied from, so nobody can say that of them. An hour more: the rows of the run itself are older than its bundle. #}
{% macro since(name, key, alias) -%}
{% if key == ["idnumber"] and name in ("cohort", "course_categories") -%}
{{ " " }}AND GREATEST(0{% for column in ["timecreated", "timemodified"] if site_has(name, column) %}, {{ alias }}.{{ column }}{% endfor %}) >= @made - 3600
{%- endif %}
{%- endmacro %}
{# Keep rows out of what is done next. `rows`: SELECT of their ids; `from`: the work tables. #}
{% macro leave_out(rows, tables) %}
INSERT IGNORE INTO toolsync_these (id)
{{ rows }};
{% for name in tables %}

-- when: toolsync_these
DELETE b FROM {{ name }} b JOIN toolsync_these g ON g.id = b.id;
{% endfor %}

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endmacro %}
