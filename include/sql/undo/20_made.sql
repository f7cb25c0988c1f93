{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import seen, told, changed_hands, leave_out with context %}
{% set ids = "toolsync_unmake_" %}
{# When somebody made or changed a row. #}
{% set when_written = ["timecreated", "timemodified", "timeupdated", "dateissued", "datesubmitted", "dateupdated", "lastupdated"] %}
{# Large tables in which a group is found by no index: of its course, these rows are. #}
{% set in_course = {
    "forum_discussions": "STRAIGHT_JOIN {forum_discussions} x " ~ by_index("forum_discussions", "course") ~ " ON x.course = c.courseid",
    "assign_submission": "STRAIGHT_JOIN {assign} a " ~ by_index("assign", "course") ~ " ON a.course = c.courseid
  STRAIGHT_JOIN {assign_submission} x " ~ by_index("assign_submission", "assignment") ~ " ON x.assignment = a.id",
    "data_records": "STRAIGHT_JOIN {data} a " ~ by_index("data", "course") ~ " ON a.course = c.courseid
  STRAIGHT_JOIN {data_records} x " ~ by_index("data_records", "dataid") ~ " ON x.dataid = a.id",
  } %}
{% macro counts(name) %}{{ "" if name in seen + told or name.endswith("_history") or name.startswith("logstore_") else "yes" }}{% endmacro %}
{# Rows m of a table that rows x need, other than those that go with them or that no longer refer to them once they are changed back. #}
{% macro in_use(name, user, column, how) %}
{% set mine = user in undone and undone[user].made %}
{% set moves = user in undone and column in undone[user].changed %}
{% set lasts = user in left_behind() %}
{% set leaving %}
{% if lasts %}
  LEFT JOIN toolsync_lasting o ON o.name = '{{ user }}' AND o.id >= x.id{% for column in when_written if site_has(user, column) %} AND COALESCE(x.{{ column }}, 0) <= @made{% endfor %}

{% endif %}
{% if mine %}
  LEFT JOIN {{ "toolsync_these" if user == name else ids ~ user }} k ON k.id = x.id
{% endif %}
{% if moves %}
  LEFT JOIN (toolsync_was_{{ user }} v JOIN toolsync_became_{{ user }} n ON n.id = v.id) ON v.id = x.id AND NOT (v.`{{ column }}` <=> x.`{{ column }}`){% if not (option.overwrite_changes and column in undone[user].loud) %} AND n.`{{ column }}` <=> x.`{{ column }}`{% endif %}
{% endif %}
{% endset %}

-- when: toolsync_unmake_{{ name }}
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason, holder, holderid)
SELECT '{{ name }}', m.id, MIN(m.toolsync_line), 'made', CONCAT('{{ how }}', IF(COUNT(*) > 1, CONCAT(', and ', COUNT(*) - 1, ' more'), '')), '{{ user }}', MIN(x.id)
{{ caller(leaving, (" AND o.id IS NULL" if lasts) ~ (" AND k.id IS NULL" if mine) ~ (" AND v.id IS NULL" if moves) ~ (" AND NOT " ~ computed("x") if user == "grade_grades" and name == "grade_items")) }}
 GROUP BY m.id;
{% endmacro %}
{% macro changed_since(name) %}
{% if not option.overwrite_changes %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, m.toolsync_line, 'made', 'somebody changed it since'
  FROM toolsync_unmake_{{ name }} m
  JOIN {{ table(name) }} t ON t.id = m.id
 WHERE {{ changed_hands(name, undone[name].hashed) }};
{% endif %}
{% endmacro %}
{% for name, what in undone.items() if what.made %}

-- Rows that are gone already.
{{ leave_out("SELECT m.id FROM toolsync_unmake_" ~ name ~ " m LEFT JOIN " ~ table(name) ~ " t ON t.id = m.id WHERE t.id IS NULL", [ids ~ name]) }}
{% endfor %}

{% if undone.user_enrolments is defined and undone.user_enrolments.made %}
{{ changed_since("user_enrolments") }}

-- People have been in the course since, or have grades there, and nothing else enrols them.
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person has been in the course since'
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid
  JOIN {user_lastaccess} a ON a.userid = m.userid AND a.courseid = e.courseid AND a.timeaccess > @made
  LEFT JOIN {enrol} o ON o.courseid = e.courseid AND o.id <> e.id
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = o.id AND ue.userid = m.userid
 GROUP BY m.id
HAVING COUNT(ue.id) = 0;

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person has grades in the course'
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid
  JOIN {grade_items} gi ON gi.courseid = e.courseid
  JOIN {grade_grades} gg ON gg.itemid = gi.id AND gg.userid = m.userid AND NOT {{ computed("gg") }} AND gg.timemodified > @made
  LEFT JOIN {enrol} o ON o.courseid = e.courseid AND o.id <> e.id
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = o.id AND ue.userid = m.userid
 GROUP BY m.id
HAVING COUNT(ue.id) = 0;

-- Who stays in a course that follows others by meta link stays in those, …
INSERT INTO toolsync_these (id)
SELECT s.id FROM toolsync_stays s WHERE s.name = 'user_enrolments' AND s.what = 'made';

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person stays in a course that follows this one'
  FROM toolsync_these s
  JOIN {user_enrolments} ue ON ue.id = s.id
  JOIN {enrol} l ON l.id = ue.enrolid AND l.enrol = 'meta'
  JOIN {enrol} e ON e.courseid = l.customint1 AND e.enrol <> 'meta'
  JOIN toolsync_unmake_user_enrolments m ON m.enrolid = e.id AND m.userid = ue.userid
 GROUP BY m.id;

-- … who stays in a course stays in those that follow it, …
INSERT IGNORE INTO toolsync_these (id)
SELECT s.id FROM toolsync_stays s WHERE s.name = 'user_enrolments' AND s.what = 'made';

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person stays in the course that this one follows'
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} l ON l.id = m.enrolid AND l.enrol = 'meta'
  JOIN {enrol} e ON e.courseid = l.customint1 AND e.enrol <> 'meta'
  JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = m.userid
  JOIN toolsync_these s ON s.id = ue.id
 GROUP BY m.id;

-- … and keeps the roles, groups, conversations of these and forum subscriptions there, and the place in the cohort.
INSERT IGNORE INTO toolsync_these (id)
SELECT s.id FROM toolsync_stays s WHERE s.name = 'user_enrolments' AND s.what = 'made';
{% for name, there in {
    "role_assignments": "{context} x ON x.contextlevel = 50 AND x.instanceid = e.courseid
  JOIN {role_assignments} t " ~ by_index("role_assignments", "userid", "contextid") ~ " ON t.userid = ue.userid AND t.contextid = x.id",
    "groups_members": "{groups} g ON g.courseid = e.courseid
  JOIN {groups_members} t ON t.groupid = g.id AND t.userid = ue.userid",
    "grade_grades": "{grade_items} gi ON gi.courseid = e.courseid
  JOIN {grade_grades} t " ~ by_index("grade_grades", "userid", "itemid") ~ " ON t.itemid = gi.id AND t.userid = ue.userid",
    "course_modules_completion": "{course_modules} cm ON cm.course = e.courseid
  JOIN {course_modules_completion} t " ~ by_index("course_modules_completion", "userid", "coursemoduleid") ~ " ON t.coursemoduleid = cm.id AND t.userid = ue.userid",
    "message_conversation_members": "{groups} g ON g.courseid = e.courseid
  JOIN {message_conversations} v ON v.component = 'core_group' AND v.itemtype = 'groups' AND v.itemid = g.id
  JOIN {message_conversation_members} t ON t.conversationid = v.id AND t.userid = ue.userid",
    "cohort_members": "{cohort_members} t ON e.enrol = 'cohort' AND t.cohortid = e.customint1 AND t.userid = ue.userid",
    "forum_subscriptions": "{forum} f ON f.course = e.courseid
  JOIN {forum_subscriptions} t ON t.forum = f.id AND t.userid = ue.userid",
  }.items() if name in undone and undone[name].made %}

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, m.toolsync_line, 'made', 'the person stays in the course'
  FROM toolsync_these s
  JOIN {user_enrolments} ue ON ue.id = s.id
  JOIN {enrol} e ON e.id = ue.enrolid
  JOIN {{ there }}
  JOIN toolsync_unmake_{{ name }} m ON m.id = t.id;
{% endfor %}
{% set completed = undone.course_modules_completion is defined and undone.course_modules_completion.changed %}
{% if completed %}

-- when: toolsync_these
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'course_modules_completion', w.id, w.toolsync_line, 'changed', 'the person stays in the course'
  FROM toolsync_these s
  JOIN {user_enrolments} ue ON ue.id = s.id
  JOIN {enrol} e ON e.id = ue.enrolid
  JOIN {course_modules} cm ON cm.course = e.courseid
  JOIN {course_modules_completion} t {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON t.coursemoduleid = cm.id AND t.userid = ue.userid
  JOIN toolsync_was_course_modules_completion w ON w.id = t.id;
{% endif %}

DELETE FROM toolsync_these;
{% if completed %}
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = 'course_modules_completion' AND s.what = 'changed'",
             ["toolsync_was_course_modules_completion", "toolsync_became_course_modules_completion"]) }}
{% endif %}
{% endif %}

-- Rows that the run made stay if somebody changed them since, or if other rows refer to them that don't go with them. What hangs on others comes first.
{% for name in undone | reverse if undone[name].made %}
{{ changed_since(name) }}

-- @lowest: the lowest id of a row of this table that the run made; NULL: it made none
-- @highest: the highest
SELECT MIN(m.id), MAX(m.id) INTO @lowest, @highest FROM toolsync_unmake_{{ name }} m;
{% if name == "groups" %}

CREATE TEMPORARY TABLE toolsync_course_of_group (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_course_of_group (courseid)
SELECT DISTINCT g.courseid
  FROM toolsync_unmake_groups m
  STRAIGHT_JOIN {groups} g ON g.id = m.id;
{% endif %}
{% for one in references_to(name) + unindexed_to(name) + users_of(name) if one.table != "context" and counts(one.table) %}
{% if one.table == name %}

INSERT INTO toolsync_these (id)
SELECT m.id FROM toolsync_unmake_{{ name }} m;
{% endif %}
{% call(leaving, left) in_use(name, one.table, one.column, "refers to it") %}
{% if name == "groups" and one.table in in_course %}
  FROM toolsync_course_of_group c
  {{ in_course[one.table] }}
{% else %}
  FROM {{ table(one.table) }} x {{ by_index(one.table, one.column) }}
{% endif %}
  STRAIGHT_JOIN toolsync_unmake_{{ name }} m ON m.id = x.`{{ one.column }}`
{{ leaving }}
 WHERE x.`{{ one.column }}` BETWEEN @lowest AND @highest{{ left }}
{% endcall %}
{% if one.table == name %}

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endif %}
{% endfor %}
{% for level, of_level in {30: "user", 40: "course_categories", 50: "course", 70: "course_modules", 80: "block_instances"}.items() if of_level == name %}
{% for one in references_to("context") if counts(one.table) %}
{% call(leaving, left) in_use(name, one.table, one.column, "is in its context") %}
  FROM toolsync_unmake_{{ name }} m
  STRAIGHT_JOIN {context} c ON c.contextlevel = {{ level }} AND c.instanceid = m.id
  STRAIGHT_JOIN {{ table(one.table) }} x {{ by_index(one.table, one.column) }} ON x.`{{ one.column }}` = c.id
{{ leaving }}
 WHERE TRUE{{ left }}
{% endcall %}
{% endfor %}
{% endfor %}
{% if name == "grade_categories" %}
{% call(leaving, left) in_use(name, "grade_items", "iteminstance", "is its total") %}
  FROM toolsync_unmake_grade_categories m
  STRAIGHT_JOIN {grade_categories} c ON c.id = m.id
  STRAIGHT_JOIN {grade_items} x {{ by_index("grade_items", "courseid") }} ON x.courseid = c.courseid AND x.itemtype IN ('course', 'category') AND x.iteminstance = c.id
{{ leaving }}
 WHERE TRUE{{ left }}
{% endcall %}
{% endif %}
{% for method, column in {"cohort": [("cohort", "customint1")], "course": [("meta", "customint1")], "groups": [("cohort", "customint2"), ("meta", "customint2")]}.get(name, []) %}
{% call(leaving, left) in_use(name, "enrol", column, "takes people by it") %}
  FROM {enrol} x
  STRAIGHT_JOIN toolsync_unmake_{{ name }} m ON m.id = x.{{ column }}
{{ leaving }}
 WHERE x.enrol = '{{ method }}'{{ left }}
{% endcall %}
{% endfor %}

{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "'", [ids ~ name]) }}
{% endfor %}
