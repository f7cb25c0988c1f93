{% from "undo/terms.sql" import same, none_back, leave_out with context %}
{% for name, what in undone.items() if what.changed %}
-- Rows that have got none of their old values: what somebody changed since is all that the run had changed.
{{ leave_out("SELECT w.id FROM toolsync_was_" ~ name ~ " w STRAIGHT_JOIN toolsync_became_" ~ name ~ " b ON b.id = w.id STRAIGHT_JOIN " ~ table(name) ~ " t ON t.id = w.id WHERE " ~ none_back(what.changed),
             ["toolsync_was_" ~ name, "toolsync_became_" ~ name]) }}

{% endfor %}
-- What is said of the rows that stay: the people, courses, cohorts and groups that they are about.
CREATE TEMPORARY TABLE toolsync_about (
    name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, userid BIGINT NULL, courseid BIGINT NULL, cohortid BIGINT NULL, groupid BIGINT NULL, PRIMARY KEY (name, id)
);
{% for name, what in undone.items() %}
{% set columns = columns_of(name) %}
{% for source, alias in [("site", "t")] + ([("back", "b")] if what.deleted else []) %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_about (name, id, userid, courseid, cohortid, groupid)
SELECT s.name, s.id,
       {{ alias ~ ".id" if name == "user" else alias ~ ".userid" if "userid" in columns else "NULL" }},
       {{ alias ~ ".id" if name == "course" else alias ~ ".courseid" if "courseid" in columns else alias ~ ".course" if "course" in columns else "e.courseid" if "enrolid" in columns else "gi.courseid" if name == "grade_grades" else "NULL" }},
       {{ alias ~ ".id" if name == "cohort" else alias ~ ".cohortid" if "cohortid" in columns else "NULL" }},
       {{ alias ~ ".id" if name == "groups" else alias ~ ".groupid" if "groupid" in columns else "NULL" }}
  FROM toolsync_stays s
  JOIN {{ table(name) if source == "site" else "toolsync_back_" ~ name }} {{ alias }} ON {{ alias }}.id = s.id
{% if "enrolid" in columns %}
  LEFT JOIN {enrol} e ON e.id = {{ alias }}.enrolid
{% elif name == "grade_grades" %}
  LEFT JOIN {grade_items} gi ON gi.id = {{ alias }}.itemid
{% endif %}
 WHERE s.name = '{{ name }}' AND s.what {{ "<>" if source == "site" else "=" }} 'deleted';
{% endfor %}
{% endfor %}

-- What needs those that the run made, in words.
CREATE TEMPORARY TABLE toolsync_holder (name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (name, id));
{% set person = "{user} u ON u.id = x.userid" %}
{% set holders = {
    "user_enrolments": ("'the enrolment of \"', u.username, '\" in \"', c.shortname, '\"'", [person, "{enrol} e ON e.id = x.enrolid", "{course} c ON c.id = e.courseid"]),
    "role_assignments": ("'the role \"', r.shortname, '\" of \"', u.username, '\"'", [person, "{role} r ON r.id = x.roleid"]),
    "groups_members": ("'the membership of \"', u.username, '\" in the group \"', g.name, '\"'", [person, "{groups} g ON g.id = x.groupid"]),
    "cohort_members": ("'the membership of \"', u.username, '\" in the cohort \"', h.name, '\"'", [person, "{cohort} h ON h.id = x.cohortid"]),
    "forum_subscriptions": ("'the subscription of \"', u.username, '\" to the forum \"', f.name, '\" in \"', c.shortname, '\"'",
                            [person, "{forum} f ON f.id = x.forum", "{course} c ON c.id = f.course"]),
    "forum_discussions": ("'the discussion \"', x.name, '\" in \"', c.shortname, '\"'", ["{course} c ON c.id = x.course"]),
    "forum_posts": ("'a forum post of \"', u.username, '\" in \"', c.shortname, '\"'", [person, "{forum_discussions} d ON d.id = x.discussion", "{course} c ON c.id = d.course"]),
    "assign_submission": ("'the submission of \"', u.username, '\" to \"', a.name, '\" in \"', c.shortname, '\"'",
                          [person, "{assign} a ON a.id = x.assignment", "{course} c ON c.id = a.course"]),
    "quiz_attempts": ("'an attempt of \"', u.username, '\" at \"', q.name, '\" in \"', c.shortname, '\"'", [person, "{quiz} q ON q.id = x.quiz", "{course} c ON c.id = q.course"]),
    "grade_grades": ("'a grade of \"', u.username, '\" in \"', c.shortname, '\"'", [person, "{grade_items} gi ON gi.id = x.itemid", "{course} c ON c.id = gi.courseid"]),
    "course_modules_completion": ("'the completion of an activity by \"', u.username, '\" in \"', c.shortname, '\"'",
                                  [person, "{course_modules} cm ON cm.id = x.coursemoduleid", "{course} c ON c.id = cm.course"]),
    "course": ("'the course \"', x.shortname, '\"'", []),
    "course_categories": ("'the category \"', x.name, '\"'", []),
    "course_modules": ("'an activity (', m.name, ') of \"', c.shortname, '\"'", ["{modules} m ON m.id = x.module", "{course} c ON c.id = x.course"]),
    "groups": ("'the group \"', x.name, '\"'", []),
    "groupings_groups": ("'the group \"', g.name, '\" in the grouping \"', k.name, '\"'", ["{groups} g ON g.id = x.groupid", "{groupings} k ON k.id = x.groupingid"]),
    "enrol": ("'the enrolment method ', x.enrol, ' of \"', c.shortname, '\"'", ["{course} c ON c.id = x.courseid"]),
} %}
{% for name, (words, joins) in holders.items() if site_has(name) %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_holder (name, id, words)
SELECT s.holder, x.id, CONCAT({{ words }})
  FROM toolsync_stays s
  STRAIGHT_JOIN {{ table(name) }} x ON x.id = s.holderid
{% for join in joins %}
  STRAIGHT_JOIN {{ join }}
{% endfor %}
 WHERE s.holder = '{{ name }}';
{% endfor %}

-- The rows, for a CSV table beside the report.
CREATE TEMPORARY TABLE toolsync_answer (
    line INT UNSIGNED NOT NULL, name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, about TEXT NULL, was VARCHAR(30) NOT NULL, reason TEXT NOT NULL, KEY (line)
);

INSERT INTO toolsync_answer (line, name, id, about, was, reason)
SELECT s.line, s.name, s.id, NULLIF(CONCAT_WS(' · ', u.username, c.shortname, h.name, g.name), ''),
       CASE s.what WHEN 'made' THEN 'made' WHEN 'deleted' THEN 'taken away' ELSE 'changed' END,
       IF(s.holder IS NULL, s.reason, CONCAT('in use: ', COALESCE(CONCAT(k.words, ' (', s.holder, ' ', s.holderid, ')'), CONCAT('row ', s.holderid, ' of ', s.holder)), ' ', s.reason))
  FROM toolsync_stays s
  LEFT JOIN toolsync_holder k ON k.name = s.holder AND k.id = s.holderid
  LEFT JOIN toolsync_about a ON a.name = s.name AND a.id = s.id
  LEFT JOIN {user} u ON u.id = a.userid
  LEFT JOIN {course} c ON c.id = a.courseid
  LEFT JOIN {cohort} h ON h.id = a.cohortid
  LEFT JOIN {groups} g ON g.id = a.groupid
 ORDER BY s.name, s.id;
{% for name, what in undone.items() if what.deleted %}

{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'deleted'", ["toolsync_back_" ~ name]) }}
{% endfor %}
