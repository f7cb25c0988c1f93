{# The grades that activities send to the gradebook again: toolsync_grade_back. As their functions *_update_grades read them, once the rows that go are gone. #}
{% set ratings = {"forum": ("forum_posts", "post"), "glossary": ("glossary_entries", "entry"), "data": ("data_records", "entry")} %}
{% macro taking(module, number=0) %}
  FROM toolsync_item_taking t
  STRAIGHT_JOIN {{ table(module) }} a ON a.id = t.activityid AND t.module = '{{ module }}' AND t.number = {{ number }}{% endmacro %}
{% macro sent() %}
-- when: toolsync_item_taking
INSERT IGNORE INTO toolsync_grade_back (courseid, itemid, userid, rawgrade, usermodified, feedback, feedbackformat, datesubmitted, dategraded){% endmacro %}
-- The grade items that take grades again: not those that are locked, or would be by now, or calculated, or several of one grade, unless the item itself is made anew.
CREATE TEMPORARY TABLE toolsync_item_taking (
    id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, module VARCHAR(20) NOT NULL, number BIGINT NOT NULL, activityid BIGINT NOT NULL, moduleid BIGINT NOT NULL,
    highest DECIMAL(10, 5) NOT NULL
);

-- when: toolsync_item_reset
INSERT IGNORE INTO toolsync_item_taking (id, courseid, module, number, activityid, moduleid, highest)
SELECT s.id, s.courseid, gi.itemmodule, gi.itemnumber, gi.iteminstance, cm.id,
       IF(a.courseid IS NOT NULL AND gi.gradetype = 2 AND (sc.id IS NULL OR sc.courseid = s.courseid), 100, gi.grademax)
  FROM toolsync_item_reset s
  STRAIGHT_JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod' AND gi.gradetype IN (1, 2)
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = s.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  LEFT JOIN {scale} sc ON sc.id = gi.scaleid
  LEFT JOIN toolsync_item_double d ON d.id = s.id
  LEFT JOIN toolsync_asked a ON a.courseid = s.courseid AND a.name = 'gradebook_items'
 WHERE s.whole AND cm.deletioninprogress = 0
   AND (a.courseid IS NOT NULL
        OR gi.locked = 0 AND NOT (gi.locktime > 0 AND gi.locktime < @now) AND COALESCE(gi.calculation, '') = '' AND gi.outcomeid IS NULL AND d.id IS NULL);

CREATE TEMPORARY TABLE toolsync_grade_back (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, courseid BIGINT NOT NULL, itemid BIGINT NOT NULL, newitemid BIGINT NULL, userid BIGINT NOT NULL, rawgrade DECIMAL(10, 5) NULL,
    usermodified BIGINT NULL, feedback LONGTEXT NULL, feedbackformat BIGINT NOT NULL, datesubmitted BIGINT NULL, dategraded BIGINT NULL, UNIQUE KEY (itemid, userid)
);
{% for node, of in resets.facts("grades") %}
{% for number, options in of.items() %}
{% if node.name == "assign" %}
{% set has_comments = site_has("assignfeedback_comments", "commenttext") %}
{% set comment = "NULLIF(NULLIF(f.commenttext, ''), '0')" if has_comments else "NULL" %}

-- @comments: whether assignments send their feedback comments to the gradebook: 1 or 0; NULL: a plugin sends feedback that Tool Sync does not know
SET @comments = CASE COALESCE({{ setting("feedback_plugin_for_gradebook", plugin="assign") }}, '')
                WHEN 'assignfeedback_comments' THEN COALESCE({{ setting("disabled", plugin="assignfeedback_comments") }}, '') IN ('', '0')
                WHEN '' THEN 0 WHEN 'assignfeedback_editpdf' THEN 0 WHEN 'assignfeedback_file' THEN 0 WHEN 'assignfeedback_offline' THEN 0 END;

-- Of each person the latest attempt, with marking workflow once it is released.
{{ sent() }}
SELECT t.courseid, t.id, g.userid, NULLIF(g.grade, -1), g.grader, IF(@comments IS NULL, gg.feedback, {{ comment }}),
       COALESCE(IF(@comments IS NULL, gg.feedbackformat, {{ "IF(" ~ comment ~ " IS NULL, 2, f.commentformat)" if has_comments else "2" }}), 2), s.timemodified, g.timemodified
{{- taking("assign", number) }} AND a.grade <> 0
  STRAIGHT_JOIN {assign_grades} g {{ by_index("assign_grades", "assignment", "userid") }} ON g.assignment = a.id
  STRAIGHT_JOIN {user} u ON u.id = g.userid
  STRAIGHT_JOIN {assign_submission} s {{ by_index("assign_submission", "assignment", "userid") }} ON s.assignment = a.id AND s.userid = g.userid
        AND s.attemptnumber = g.attemptnumber AND s.latest = 1
{%- if has_comments %}

  LEFT JOIN {assign_plugin_config} p {{ by_index("assign_plugin_config", "assignment") }} ON @comments AND p.assignment = a.id AND p.subtype = 'assignfeedback' AND p.plugin = 'comments'
        AND p.name = 'enabled' AND p.value NOT IN ('', '0')
  LEFT JOIN {assignfeedback_comments} f {{ by_index("assignfeedback_comments", "grade") }} ON f.grade = g.id AND p.id IS NOT NULL
{%- endif %}

  LEFT JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON @comments IS NULL AND gg.itemid = t.id AND gg.userid = g.userid AND gg.overridden = 0
 WHERE a.markingworkflow = 0
    OR EXISTS (SELECT 1
                 FROM {assign_user_flags} w {{ by_index("assign_user_flags", "assignment") }}
                WHERE w.assignment = a.id AND w.userid = g.userid AND w.workflowstate = 'released')
 ORDER BY g.id;
{% elif node.name == "quiz" %}

{{ sent() }}
SELECT t.courseid, t.id, g.userid, g.grade, NULL, NULL, 2, MAX(k.timefinish), g.timemodified
{{- taking("quiz", number) }} AND a.grade <> 0
  STRAIGHT_JOIN {quiz_grades} g {{ by_index("quiz_grades", "quiz") }} ON g.quiz = a.id
  STRAIGHT_JOIN {user} u ON u.id = g.userid
  STRAIGHT_JOIN {quiz_attempts} k {{ by_index("quiz_attempts", "quiz", "userid") }} ON k.quiz = a.id AND k.userid = g.userid
 GROUP BY t.courseid, t.id, g.userid, g.grade, g.timemodified
 ORDER BY t.id, g.userid;
{% elif node.name == "lesson" %}

-- The percentages of a lesson: of its first attempt, or the best or the average of all. With a scale, of its highest number, or 100 where the scale goes.
{{ sent() }}
SELECT t.courseid, t.id, g.userid, g.grade * IF(a.grade > 0, a.grade, t.highest) / 100, NULL, NULL, 2, NULL, NULL
{{- taking("lesson", number) }} AND a.grade <> 0 AND a.practice = 0 AND a.retake = 0
  STRAIGHT_JOIN {lesson_grades} g {{ by_index("lesson_grades", "lessonid") }} ON g.lessonid = a.id
  STRAIGHT_JOIN {user} u ON u.id = g.userid
 ORDER BY g.id;

{{ sent() }}
SELECT t.courseid, t.id, g.userid, IF(a.usemaxgrade <> 0, MAX(g.grade), AVG(g.grade)) * IF(a.grade > 0, a.grade, t.highest) / 100, NULL, NULL, 2, NULL, NULL
{{- taking("lesson", number) }} AND a.grade <> 0 AND a.practice = 0 AND a.retake <> 0
  STRAIGHT_JOIN {lesson_grades} g {{ by_index("lesson_grades", "lessonid") }} ON g.lessonid = a.id
  STRAIGHT_JOIN {user} u ON u.id = g.userid
 GROUP BY t.courseid, t.id, g.userid, a.usemaxgrade, a.grade, t.highest
 ORDER BY t.id, g.userid;
{% elif node.name == "workshop" and number == 0 %}

-- What is not graded yet counts as 0.
{{ sent() }}
SELECT t.courseid, t.id, g.authorid, a.grade * COALESCE(g.gradeover, g.grade, 0) / 100, IF(g.gradeover IS NULL, NULL, g.gradeoverby), NULLIF(g.feedbackauthor, ''),
       COALESCE(g.feedbackauthorformat, 0), g.timemodified, g.timegraded
{{- taking("workshop", number) }}
  STRAIGHT_JOIN {workshop_submissions} g {{ by_index("workshop_submissions", "workshopid") }} ON g.workshopid = a.id AND g.example = 0
 ORDER BY g.id DESC;
{% elif node.name == "workshop" and number == 1 %}

{{ sent() }}
SELECT t.courseid, t.id, g.userid, a.gradinggrade * COALESCE(g.gradinggrade, 0) / 100, NULL, NULL, 2, NULL, g.timegraded
{{- taking("workshop", number) }}
  STRAIGHT_JOIN {workshop_aggregations} g {{ by_index("workshop_aggregations", "workshopid") }} ON g.workshopid = a.id
 ORDER BY g.id;
{% elif node.name == "h5pactivity" %}

-- One attempt of each person, the best, the last or the first; or the average of all.
{{ sent() }}
SELECT t.courseid, t.id, g.userid, a.grade * AVG(g.scaled), NULL, NULL, 2, MAX(g.timemodified), MAX(g.timemodified)
{{- taking("h5pactivity", number) }} AND a.grade > 0 AND a.enabletracking <> 0 AND a.grademethod <> 0
  STRAIGHT_JOIN {h5pactivity_attempts} g {{ by_index("h5pactivity_attempts", "h5pactivityid", "userid") }} ON g.h5pactivityid = a.id AND g.completion = 1
  LEFT JOIN {h5pactivity_attempts} k {{ by_index("h5pactivity_attempts", "h5pactivityid", "userid") }} ON k.h5pactivityid = a.id AND k.userid = g.userid AND k.completion = 1
        AND CASE a.grademethod WHEN 2 THEN FALSE WHEN 3 THEN g.attempt < k.attempt WHEN 4 THEN g.attempt > k.attempt ELSE g.scaled < k.scaled END
 WHERE k.id IS NULL
 GROUP BY t.courseid, t.id, g.userid, a.grade
 ORDER BY t.id, g.userid;
{% elif node.name == "forum" and number == 1 %}

{{ sent() }}
SELECT t.courseid, t.id, g.userid, g.grade, NULL, NULL, 2, 0, g.timemodified
{{- taking("forum", number) }} AND a.grade_forum <> 0
  STRAIGHT_JOIN {forum_grades} g {{ by_index("forum_grades", "forum") }} ON g.forum = a.id
 WHERE COALESCE(g.grade, 0) <> -1
 ORDER BY g.id;
{% elif node.name in ratings %}

-- What other people's ratings of somebody's entries amount to, no more than the scale has.
{{ sent() }}
SELECT t.courseid, t.id, e.userid,
       LEAST(CASE a.assessed WHEN 2 THEN COUNT(r.rating) WHEN 3 THEN MAX(r.rating) WHEN 4 THEN MIN(r.rating) WHEN 5 THEN SUM(r.rating) ELSE AVG(1.0 * r.rating) END,
             IF(a.scale >= 0, a.scale, COALESCE(MAX(LENGTH(k.scale) - LENGTH(REPLACE(k.scale, ',', '')) + 1), 99999))), NULL, NULL, 2, NULL, NULL
{{- taking(node.name, number) }} AND a.assessed <> 0
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 70 AND c.instanceid = t.moduleid
  STRAIGHT_JOIN {rating} r {{ by_index("rating", "component", "ratingarea", "contextid") }} ON r.component = 'mod_{{ node.name }}' AND r.ratingarea = '{{ ratings[node.name][1] }}'
        AND r.contextid = c.id
  STRAIGHT_JOIN {{ table(ratings[node.name][0]) }} e ON e.id = r.itemid
  STRAIGHT_JOIN {user} u ON u.id = e.userid
  LEFT JOIN {scale} k ON k.id = -a.scale
 GROUP BY t.courseid, t.id, e.userid, a.assessed, a.scale
 ORDER BY t.id, e.userid;
{% else %}
{% set options = options | select("in", possible | list + resets.pairs(going) | map("first") | list) | list %}

-- What such an activity would send takes its own code to work out: the gradebook's raw grade says what it sent last.
{{ sent() }}
SELECT t.courseid, t.id, gg.userid, gg.rawgrade, {{ "NULL, NULL, 2, NULL, NULL" if node.name == "scorm" else
       "gg.usermodified, IF(gg.overridden = 0, gg.feedback, NULL), IF(gg.overridden = 0, gg.feedbackformat, 2), gg.timecreated, gg.timemodified" }}
{{- taking(node.name, number) }}
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "itemid") }} ON gg.itemid = t.id AND gg.rawgrade IS NOT NULL
{%- if options %}

 WHERE NOT EXISTS (SELECT 1 FROM toolsync_asked k WHERE k.courseid = t.courseid AND k.name IN ('{{ options | join("', '") }}'))
{%- endif %}

 ORDER BY gg.id;
{% endif %}
{% endfor %}
{% endfor %}
