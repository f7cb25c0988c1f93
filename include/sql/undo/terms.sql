{% from "shared/computed_grades.sql" import computed %}
{# Rows that only say that somebody looked, or what happened: no use of what they refer to. #}
{% set seen = ["user_lastaccess", "course_modules_viewed", "block_recentlyaccesseditems", "block_recent_activity", "forum_read", "message_popup_notifications"] %}
{% set told = ["logstore_standard_log", "log", "sessions", "task_adhoc", "task_log", "events_queue_handlers", "stats_daily", "stats_weekly", "stats_monthly", "stats_user_daily",
               "stats_user_weekly", "stats_user_monthly", "backup_controllers", "backup_courses", "search_index_requests", "notifications", "cache_flags"] %}
{# Rows that tie two things together. Each goes or stays by itself, whatever becomes of the things. #}
{% set ties = ["user_enrolments", "role_assignments", "groups_members", "cohort_members", "groupings_groups", "message_conversation_members", "user_lastaccess",
               "forum_subscriptions", "favourite"] %}
{# What Moodle has once only, although no index of the database says so; NULL and '' don't count. What begins with a person or a group is found by that one. #}
{% set once = {"course": [["shortname"], ["idnumber"]], "cohort": [["idnumber"]], "groups": [["courseid", "idnumber"]], "groupings": [["courseid", "idnumber"]],
               "course_categories": [["idnumber"]], "role_assignments": [["roleid", "contextid", "userid", "component", "itemid"]],
               "tag_instance": [["tagid", "itemtype", "itemid", "component", "contextid"]], "message_conversation_members": [["conversationid", "userid"]],
               "user_preferences": [["userid", "name"]], "user_info_data": [["userid", "fieldid"]], "groupings_groups": [["groupid", "groupingid"]],
               "rating": [["component", "ratingarea", "contextid", "itemid", "userid"]], "xapi_states": [["userid", "component", "itemid", "stateid"]],
               "event": [["userid", "modulename", "instance", "eventtype"], ["groupid", "modulename", "instance", "eventtype"]],
               "assign_user_flags": [["userid", "assignment"]], "assign_overrides": [["userid", "assignid"], ["groupid", "assignid"]],
               "assign_submission": [["assignment", "userid", "groupid"]], "assignsubmission_file": [["submission"]], "assignsubmission_onlinetext": [["submission"]], "assignfeedback_comments": [["grade"]],
               "assignfeedback_file": [["grade"]], "choice_answers": [["userid", "choiceid"]], "feedback_completed": [["userid", "feedback"]],
               "forum_digests": [["userid", "forum"]], "forum_track_prefs": [["userid", "forumid"]], "lesson_overrides": [["userid", "lessonid"], ["groupid", "lessonid"]],
               "grade_categories": [["courseid", "depth"]], "grade_items": [["courseid", "itemtype"], ["courseid", "itemmodule", "iteminstance", "itemnumber"]],
               "quiz_grades": [["userid", "quiz"]], "quiz_overrides": [["userid", "quiz"], ["groupid", "quiz"]], "scorm_attempt": [["userid", "scormid", "attempt"]],
               "scorm_scoes_track": [["userid", "scormid", "attempt"]], "survey_answers": [["userid", "survey"]], "survey_analysis": [["userid", "survey"]],
               "workshop_submissions": [["authorid", "workshopid"]], "workshop_assessments": [["reviewerid", "submissionid"]]} %}
{# What else must hold for two rows of such a table to be in each other's place. Feedback without names may be given several times where its settings say so, by guests
   always; only events of overrides are a person's or a group's alone. A course has one top
   category of grades, and one total. Whoever has handed in since has that alone, whichever attempt it is: of several, Moodle takes the last. #}
{% macro alone(name, key, one, other) -%}
{% if name == "feedback_completed" -%}
{{ " " }}AND {{ one }}.userid <> 0 AND {{ one }}.userid <> {{ setting("siteguest") }}
   AND ({{ one }}.anonymous_response = 2 AND {{ other }}.anonymous_response = 2 OR (SELECT f.multiple_submit FROM {feedback} f WHERE f.id = {{ one }}.feedback) = 0)
{%- elif name == "workshop_submissions" -%}
{{ " " }}AND {{ one }}.example = 0 AND {{ other }}.example = 0
{%- elif name == "event" -%}
{{ " " }}AND {{ one }}.`{{ key[0] }}` > 0 AND {{ one }}.modulename IN ('assign', 'lesson', 'quiz'){{ " AND " ~ one ~ ".courseid = 0 AND " ~ other ~ ".courseid = 0" if key[0] == "userid" }}
{%- elif name == "grade_categories" -%}
{{ " " }}AND {{ one }}.depth = 1
{%- elif name == "grade_items" -%}
{{ " " }}AND {{ one }}.itemtype = '{{ "course" if "itemtype" in key else "mod" }}' AND {{ other }}.itemtype = {{ one }}.itemtype
{%- elif name.endswith("_overrides") -%}
{{ " " }}AND {{ one }}.`{{ key[0] }}` > 0
{%- elif name == "xapi_states" -%}
{{ " " }}AND {{ one }}.registration <=> {{ other }}.registration
{%- elif name in ("assignfeedback_comments", "assignfeedback_file") and site_has(name, "mark") -%}
{{ " " }}AND {{ one }}.mark <=> {{ other }}.mark
{%- endif %}
{%- endmacro %}
{# Nobody minds that two have no short name, or no idnumber. #}
{% macro filled(key, alias) -%}
{% if key[-1] in ("shortname", "idnumber") %}{{ " " }}AND {{ alias }}.`{{ key[-1] }}` <> ''{% endif %}
{%- endmacro %}
{# From rows b to those of the site that stand in their place by `key`. #}
{% macro in_place(name, key) -%}
{% set soft = name in once and key in once[name] %}
{% set by = key[:4] if name == "rating" else key if name == "assign_submission" else key[:1] if key[0] in ("userid", "groupid", "authorid", "reviewerid", "submission", "grade") or name in ("grade_categories", "grade_items") else [] %}
{{ "STRAIGHT_JOIN" if soft and by else "JOIN" }} {{ table(name) }} t{{ " " ~ by_index(name, *by) if soft and by }} ON {{ pairs(key, "t", "b") }}
{%- if soft %}{{ filled(key, "t") }}{{ alone(name, key, "b", "t") }}{% endif %}
{%- endmacro %}
{# What a table of the site holds, for people. #}
{% set nouns = {"user": "the account", "course": "the course", "course_categories": "the category", "groups": "the group", "groupings": "the grouping",
                "cohort": "the cohort", "enrol": "the enrolment method", "context": "the context", "role": "the role", "course_modules": "the activity",
                "course_sections": "the section", "grade_items": "the grade item", "grade_categories": "the grade category", "user_info_field": "the profile field",
                "tag": "the tag"} %}
{% macro noun(name) %}{{ nouns.get(name, "the row of " ~ name) }}{% endmacro %}
{% set sides = ["back", "was", "became", "unmake"] %}
{# Of rows w (as they were), b (as the run left them) and t (as they are now): whether two have the same in a column, byte by byte; … #}
{% macro same(column, one, other) -%}
BINARY {{ one }}.`{{ column }}` <=> BINARY {{ other }}.`{{ column }}`
{%- endmacro %}
{# … whether nobody else has changed it since the run did; … #}
{% macro undisturbed(column) -%}
{{ same(column, "w", "b") }} OR {{ same(column, "t", "b") }} OR {{ same(column, "t", "w") }}
{%- endmacro %}
{# … whether all these columns are as they were; … #}
{% macro as_before(columns) -%}
{% for column in columns %}{{ " AND " if not loop.first }}({{ same(column, "w", "b") }} OR {{ same(column, "t", "w") }}){% endfor %}
{%- endmacro %}
{# … and whether none of them is as it was, of those that the run changed. #}
{% macro none_back(columns) -%}
{% for column in columns %}{{ " AND " if not loop.first }}({{ same(column, "w", "b") }} OR NOT ({{ same(column, "t", "w") }})){% endfor %}
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
{# Whether somebody has changed a row t that the run made, m. Of a bundle without hashes, nobody knows. What Moodle alone writes is nobody's. #}
{% macro changed_hands(name, columns) -%}
m.hash <> {{ hash_of(columns) }}{{ " AND NOT " ~ computed("t") if name == "grade_grades" }}
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
