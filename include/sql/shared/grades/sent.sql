{#
  sent(module, number, items, grades, people)   the grades that the activities of a module send to the gradebook, as their functions *_update_grades read them:
                                                from the work table `items` into `grades`. `number`: of the grade item. people: a work table (courseid, userid)
                                                of those whose grades are sent; '': everybody's
  knows(module, number)                         whether there is such a statement: of other modules, their own code alone knows
  items_columns, grades_columns                 of these two work tables
#}
{% set ratings = {"forum": ("forum_posts", "post"), "glossary": ("glossary_entries", "entry"), "data": ("data_records", "entry")} %}
{% set known = [("assign", 0), ("quiz", 0), ("lesson", 0), ("workshop", 0), ("workshop", 1), ("h5pactivity", 0), ("forum", 0), ("forum", 1), ("glossary", 0), ("data", 0)] %}
{% macro knows(module, number) %}{{ "yes" if (module, number) in known and site_has(module) }}{% endmacro %}
{% set items_columns %}
id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, module VARCHAR(20) NOT NULL, number BIGINT NOT NULL, activityid BIGINT NOT NULL, moduleid BIGINT NOT NULL,
    highest DECIMAL(10, 5) NOT NULL
{%- endset %}
{% set grades_columns %}
seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, courseid BIGINT NOT NULL, itemid BIGINT NOT NULL, newitemid BIGINT NULL, userid BIGINT NOT NULL, rawgrade DECIMAL(10, 5) NULL,
    usermodified BIGINT NULL, feedback LONGTEXT NULL, feedbackformat BIGINT NOT NULL, datesubmitted BIGINT NULL, dategraded BIGINT NULL, UNIQUE KEY (itemid, userid)
{%- endset %}
{% macro insert(items, grades) %}
-- when: {{ items }}
INSERT IGNORE INTO {{ grades }} (courseid, itemid, userid, rawgrade, usermodified, feedback, feedbackformat, datesubmitted, dategraded){% endmacro %}
{% macro taking(module, number, items, people="", condition="") %}
  FROM {{ items }} t
  STRAIGHT_JOIN {{ table(module) }} a ON a.id = t.activityid AND t.module = '{{ module }}' AND t.number = {{ number }}{{ " AND " ~ condition if condition }}
{%- if people %}

  STRAIGHT_JOIN {{ people }} p ON p.courseid = t.courseid
{%- endif %}
{% endmacro %}
{% macro sent(module, number, items, grades, people="") %}
{% macro whose(column) %}{{ " AND " ~ column ~ " = p.userid" if people }}{% endmacro %}
{% if module == "assign" %}
{% set has_comments = site_has("assignfeedback_comments", "commenttext") %}
{% set comment = "NULLIF(NULLIF(f.commenttext, ''), '0')" if has_comments else "NULL" %}

-- @comments: whether assignments send their feedback comments to the gradebook: 1 or 0; NULL: a plugin sends feedback that Tool Sync does not know
-- when: {{ items }}
SET @comments = CASE COALESCE({{ setting("feedback_plugin_for_gradebook", plugin="assign") }}, '')
                WHEN 'assignfeedback_comments' THEN COALESCE({{ setting("disabled", plugin="assignfeedback_comments") }}, '') IN ('', '0')
                WHEN '' THEN 0 WHEN 'assignfeedback_editpdf' THEN 0 WHEN 'assignfeedback_file' THEN 0 WHEN 'assignfeedback_offline' THEN 0 END;

-- Of each person the latest attempt, with marking workflow once it is released.
{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, NULLIF(g.grade, -1), g.grader, IF(@comments IS NULL, gg.feedback, {{ comment }}),
       COALESCE(IF(@comments IS NULL, gg.feedbackformat, {{ "IF(" ~ comment ~ " IS NULL, 2, f.commentformat)" if has_comments else "2" }}), 2), s.timemodified, g.timemodified
{{- taking("assign", number, items, people, "a.grade <> 0") }}
  STRAIGHT_JOIN {assign_grades} g {{ by_index("assign_grades", "assignment", "userid") }} ON g.assignment = a.id{{ whose("g.userid") }}
  STRAIGHT_JOIN {user} u ON u.id = g.userid
  STRAIGHT_JOIN {assign_submission} s {{ by_index("assign_submission", "assignment", "userid") }} ON s.assignment = a.id AND s.userid = g.userid
        AND s.attemptnumber = g.attemptnumber AND s.latest = 1
{%- if has_comments %}

  LEFT JOIN {assign_plugin_config} o {{ by_index("assign_plugin_config", "assignment") }} ON @comments AND o.assignment = a.id AND o.subtype = 'assignfeedback' AND o.plugin = 'comments'
        AND o.name = 'enabled' AND o.value NOT IN ('', '0')
  LEFT JOIN {assignfeedback_comments} f {{ by_index("assignfeedback_comments", "grade") }} ON f.grade = g.id AND o.id IS NOT NULL
{%- endif %}

  LEFT JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON @comments IS NULL AND gg.itemid = t.id AND gg.userid = g.userid AND gg.overridden = 0
 WHERE a.markingworkflow = 0
    OR EXISTS (SELECT 1
                 FROM {assign_user_flags} w {{ by_index("assign_user_flags", "assignment") }}
                WHERE w.assignment = a.id AND w.userid = g.userid AND w.workflowstate = 'released')
 ORDER BY g.id;
{% elif module == "quiz" %}

{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, g.grade, NULL, NULL, 2, MAX(k.timefinish), g.timemodified
{{- taking("quiz", number, items, people, "a.grade <> 0") }}
  STRAIGHT_JOIN {quiz_grades} g {{ by_index("quiz_grades", "userid" if people else "quiz") }} ON g.quiz = a.id{{ whose("g.userid") }}
  STRAIGHT_JOIN {user} u ON u.id = g.userid
  STRAIGHT_JOIN {quiz_attempts} k {{ by_index("quiz_attempts", "quiz", "userid") }} ON k.quiz = a.id AND k.userid = g.userid
 GROUP BY t.courseid, t.id, g.userid, g.grade, g.timemodified
 ORDER BY t.id, g.userid;
{% elif module == "lesson" %}

-- The percentages of a lesson: of its first attempt, or the best or the average of all. With a scale, of its highest number, or 100 where the scale goes.
{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, g.grade * IF(a.grade > 0, a.grade, t.highest) / 100, NULL, NULL, 2, NULL, NULL
{{- taking("lesson", number, items, people, "a.grade <> 0 AND a.practice = 0 AND a.retake = 0") }}
  STRAIGHT_JOIN {lesson_grades} g {{ by_index("lesson_grades", "userid" if people else "lessonid") }} ON g.lessonid = a.id{{ whose("g.userid") }}
  STRAIGHT_JOIN {user} u ON u.id = g.userid
 ORDER BY g.id;

{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, IF(a.usemaxgrade <> 0, MAX(g.grade), AVG(g.grade)) * IF(a.grade > 0, a.grade, t.highest) / 100, NULL, NULL, 2, NULL, NULL
{{- taking("lesson", number, items, people, "a.grade <> 0 AND a.practice = 0 AND a.retake <> 0") }}
  STRAIGHT_JOIN {lesson_grades} g {{ by_index("lesson_grades", "userid" if people else "lessonid") }} ON g.lessonid = a.id{{ whose("g.userid") }}
  STRAIGHT_JOIN {user} u ON u.id = g.userid
 GROUP BY t.courseid, t.id, g.userid, a.usemaxgrade, a.grade, t.highest
 ORDER BY t.id, g.userid;
{% elif module == "workshop" and number == 0 %}

-- What is not graded yet counts as 0.
{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.authorid, a.grade * COALESCE(g.gradeover, g.grade, 0) / 100, IF(g.gradeover IS NULL, NULL, g.gradeoverby), NULLIF(g.feedbackauthor, ''),
       COALESCE(g.feedbackauthorformat, 0), g.timemodified, g.timegraded
{{- taking("workshop", number, items, people) }}
  STRAIGHT_JOIN {workshop_submissions} g {{ by_index("workshop_submissions", "authorid" if people else "workshopid") }} ON g.workshopid = a.id AND g.example = 0{{ whose("g.authorid") }}
 ORDER BY g.id DESC;
{% elif module == "workshop" and number == 1 %}

{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, a.gradinggrade * COALESCE(g.gradinggrade, 0) / 100, NULL, NULL, 2, NULL, g.timegraded
{{- taking("workshop", number, items, people) }}
  STRAIGHT_JOIN {workshop_aggregations} g {{ by_index("workshop_aggregations", "workshopid", "userid") }} ON g.workshopid = a.id{{ whose("g.userid") }}
 ORDER BY g.id;
{% elif module == "h5pactivity" %}

-- One attempt of each person, the best, the last or the first; or the average of all.
{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, a.grade * AVG(g.scaled), NULL, NULL, 2, MAX(g.timemodified), MAX(g.timemodified)
{{- taking("h5pactivity", number, items, people, "a.grade > 0 AND a.enabletracking <> 0 AND a.grademethod <> 0") }}
  STRAIGHT_JOIN {h5pactivity_attempts} g {{ by_index("h5pactivity_attempts", "h5pactivityid", "userid") }} ON g.h5pactivityid = a.id{{ whose("g.userid") }} AND g.completion = 1
  LEFT JOIN {h5pactivity_attempts} k {{ by_index("h5pactivity_attempts", "h5pactivityid", "userid") }} ON k.h5pactivityid = a.id AND k.userid = g.userid AND k.completion = 1
        AND CASE a.grademethod WHEN 2 THEN FALSE WHEN 3 THEN g.attempt < k.attempt WHEN 4 THEN g.attempt > k.attempt ELSE g.scaled < k.scaled END
 WHERE k.id IS NULL
 GROUP BY t.courseid, t.id, g.userid, a.grade
 ORDER BY t.id, g.userid;
{% elif module == "forum" and number == 1 %}

{{ insert(items, grades) }}
SELECT t.courseid, t.id, g.userid, g.grade, NULL, NULL, 2, 0, g.timemodified
{{- taking("forum", number, items, people, "a.grade_forum <> 0") }}
  STRAIGHT_JOIN {forum_grades} g {{ by_index("forum_grades", "userid" if people else "forum") }} ON g.forum = a.id{{ whose("g.userid") }}
 WHERE COALESCE(g.grade, 0) <> -1
 ORDER BY g.id;
{% else %}

-- What other people's ratings of somebody's entries amount to, no more than the scale has.
{{ insert(items, grades) }}
SELECT t.courseid, t.id, e.userid,
       LEAST(CASE a.assessed WHEN 2 THEN COUNT(r.rating) WHEN 3 THEN MAX(r.rating) WHEN 4 THEN MIN(r.rating) WHEN 5 THEN SUM(r.rating) ELSE AVG(1.0 * r.rating) END,
             IF(a.scale >= 0, a.scale, COALESCE(MAX(LENGTH(k.scale) - LENGTH(REPLACE(k.scale, ',', '')) + 1), 99999))), NULL, NULL, 2, NULL, NULL
{{- taking(module, number, items, people, "a.assessed <> 0") }}
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 70 AND c.instanceid = t.moduleid
{% if people %}
  STRAIGHT_JOIN {{ table(ratings[module][0]) }} e {{ by_index(ratings[module][0], "userid") }} ON e.userid = p.userid
{% endif %}
  STRAIGHT_JOIN {rating} r {{ by_index("rating", "component", "ratingarea", "contextid") }} ON r.component = 'mod_{{ module }}' AND r.ratingarea = '{{ ratings[module][1] }}'
        AND r.contextid = c.id{{ " AND r.itemid = e.id" if people }}
{% if not people %}
  STRAIGHT_JOIN {{ table(ratings[module][0]) }} e ON e.id = r.itemid
{% endif %}
  STRAIGHT_JOIN {user} u ON u.id = e.userid
  LEFT JOIN {scale} k ON k.id = -a.scale
 GROUP BY t.courseid, t.id, e.userid, a.assessed, a.scale
 ORDER BY t.id, e.userid;
{% endif %}
{% endmacro %}
