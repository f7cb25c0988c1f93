-- Delete the grades of activities that were reset, or all grades of a course; then activities send theirs to the gradebook again.
{% from "courses_reset/terms.sql" import resets, possible, going with context %}
{% from "shared/grades/state.sql" import final, over, unseen, of_quiz, state with context %}
{% set all_grades = given("grades") %}

{% if all_grades %}
{% include "courses_reset/activity_grades.sql" %}

-- @over: how many times the maximum of its item a grade may be
SET @over = {{ over }};
{% endif %}

CREATE TEMPORARY TABLE toolsync_grade_reset (id BIGINT NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, itemid BIGINT NOT NULL, courseid BIGINT NOT NULL, back TINYINT NOT NULL, KEY (itemid));

-- when: toolsync_item_reset
INSERT INTO toolsync_grade_reset (id, userid, itemid, courseid, back)
SELECT gg.id, gg.userid, gg.itemid, s.courseid, {{ "b.rawgrade IS NOT NULL" if all_grades else "0" }}
  FROM toolsync_item_reset s
  JOIN {grade_grades} gg ON gg.itemid = s.id{% if all_grades %}
  LEFT JOIN toolsync_grade_back b ON b.itemid = gg.itemid AND b.userid = gg.userid{% endif %};

{% from "shared/grade_history.sql" import keep_history with context %}
{{ keep_history("toolsync_grade_reset", "reset") }}
-- Feedback files of these grades, and those of the grade history.
CREATE TEMPORARY TABLE toolsync_grade_file (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_item_reset
INSERT IGNORE INTO toolsync_grade_file (id)
SELECT f.id
  FROM toolsync_item_reset s
  JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod'
  JOIN {modules} mo ON mo.name = gi.itemmodule
  JOIN {course_modules} cm ON cm.course = s.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  JOIN {context} c ON c.contextlevel = 70 AND c.instanceid = cm.id
  JOIN {files} f ON f.contextid = c.id AND f.component = 'grade' AND f.filearea IN ('feedback', 'historyfeedback')
  LEFT JOIN toolsync_grade_reset d ON d.id = f.itemid AND d.courseid = s.courseid
 WHERE f.filearea = 'historyfeedback' OR d.id IS NOT NULL;

-- when: toolsync_grade_file
DELETE f FROM toolsync_grade_file w STRAIGHT_JOIN {files} f ON f.id = w.id;

-- when: toolsync_grade_reset
DELETE gg FROM toolsync_grade_reset d STRAIGHT_JOIN {grade_grades} gg ON gg.id = d.id;

-- Completion that depended on a grade which does not come back becomes incomplete.
DROP TEMPORARY TABLE IF EXISTS toolsync_graded_module;
CREATE TEMPORARY TABLE toolsync_graded_module (itemid BIGINT NOT NULL, moduleid BIGINT NOT NULL, PRIMARY KEY (itemid, moduleid), KEY (moduleid));

-- when: toolsync_item_reset
INSERT INTO toolsync_graded_module (itemid, moduleid)
SELECT gi.id, cm.id
  FROM toolsync_item_reset s
  JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod'
  JOIN {course} co ON co.id = gi.courseid AND co.enablecompletion = 1
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  JOIN {course_modules} cm ON cm.course = gi.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
 WHERE cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber
   AND {{ setting("enablecompletion") }} = '1';

CREATE TEMPORARY TABLE toolsync_undone_module (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_grade_reset
-- when: toolsync_graded_module
INSERT IGNORE INTO toolsync_undone_module (id)
SELECT done.id
  FROM toolsync_graded_module g
  JOIN toolsync_grade_reset d ON d.itemid = g.itemid AND NOT d.back
  JOIN {course_modules_completion} done ON done.coursemoduleid = g.moduleid AND done.userid = d.userid
 WHERE done.completionstate <> 0 AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL);

-- when: toolsync_undone_module
UPDATE toolsync_undone_module w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.completionstate = 0, done.timemodified = @now, done.overrideby = NULL;

{% if all_grades %}
{# Whether a grade `b` passes, and what it makes of its activity, whatever that was. A new grade item has no grade to pass. #}
{% set score = "COALESCE(" ~ final ~ ", b.rawgrade)" %}
{% set passes = score ~ " >= gi.gradepass" %}
{% set anew = state(score, "a.courseid IS NOT NULL") %}
-- A grade that goes and comes back completes its activity anew.
CREATE TEMPORARY TABLE toolsync_passed (id BIGINT NOT NULL PRIMARY KEY, completionstate INT NOT NULL);

-- when: toolsync_grade_back
-- when: toolsync_grade_reset
-- when: toolsync_graded_module
INSERT IGNORE INTO toolsync_passed (id, completionstate)
SELECT done.id, {{ anew }}
  FROM toolsync_graded_module g
  JOIN toolsync_grade_reset d ON d.itemid = g.itemid AND d.back
  JOIN toolsync_grade_back b ON b.itemid = d.itemid AND b.userid = d.userid
  STRAIGHT_JOIN {grade_items} gi ON gi.id = g.itemid
  STRAIGHT_JOIN {course_modules} cm ON cm.id = g.moduleid
  STRAIGHT_JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "coursemoduleid") }} ON done.coursemoduleid = g.moduleid AND done.userid = b.userid
{{- of_quiz() }}
  LEFT JOIN toolsync_asked a ON a.courseid = b.courseid AND a.name = 'gradebook_items'
 WHERE done.completionstate <> 0 AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL);

{% if given("roles") %}
-- So does that of somebody who leaves with this reset, and had completed it.
-- when: toolsync_grade_back
-- when: toolsync_graded_module
-- when: toolsync_completion_undone
INSERT IGNORE INTO toolsync_passed (id, completionstate)
SELECT done.id, {{ anew }}
  FROM toolsync_completion_undone w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
  STRAIGHT_JOIN {course_modules} cm ON cm.id = done.coursemoduleid
  STRAIGHT_JOIN toolsync_graded_module g ON g.moduleid = cm.id
  STRAIGHT_JOIN toolsync_grade_back b ON b.itemid = g.itemid AND b.userid = done.userid AND b.rawgrade IS NOT NULL
  STRAIGHT_JOIN {grade_items} gi ON gi.id = g.itemid
{{- of_quiz() }}
  LEFT JOIN toolsync_asked a ON a.courseid = b.courseid AND a.name = 'gradebook_items';

{% endif %}
-- One that the gradebook had not before says no more than whether it passes.
-- when: toolsync_grade_back
-- when: toolsync_graded_module
INSERT IGNORE INTO toolsync_passed (id, completionstate)
SELECT done.id, IF({{ passes }}, 2, 3)
  FROM toolsync_graded_module g
  JOIN toolsync_grade_back b ON b.itemid = g.itemid AND b.rawgrade IS NOT NULL
  STRAIGHT_JOIN {grade_items} gi ON gi.id = b.itemid AND gi.gradepass > 0.000009
  STRAIGHT_JOIN {course_modules} cm ON cm.id = g.moduleid
  STRAIGHT_JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "coursemoduleid") }} ON done.coursemoduleid = g.moduleid AND done.userid = b.userid
{{- of_quiz() }}
  LEFT JOIN toolsync_asked a ON a.courseid = b.courseid AND a.name = 'gradebook_items'
 WHERE a.courseid IS NULL AND NOT ({{ unseen }}) AND done.completionstate NOT IN (0, IF({{ passes }}, 2, 3))
   AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL);

-- when: toolsync_passed
UPDATE toolsync_passed w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.timemodified = @now, done.completionstate = w.completionstate, done.overrideby = NULL;

{% include "courses_reset/completed.sql" %}

{% endif %}
-- Moodle computes the rest on the next visit to the gradebook.
CREATE TEMPORARY TABLE toolsync_item_stale (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_item_reset
INSERT INTO toolsync_item_stale (id)
SELECT gi.id FROM toolsync_item_reset s JOIN {grade_items} gi ON gi.id = s.id AND gi.needsupdate <> 1;

-- when: toolsync_item_reset
INSERT IGNORE INTO toolsync_item_stale (id)
SELECT gi.id
  FROM (SELECT DISTINCT s.courseid FROM toolsync_item_reset s) t
  JOIN {grade_items} gi ON gi.courseid = t.courseid AND gi.itemtype = 'course' AND gi.needsupdate <> 1;

-- when: toolsync_item_stale
UPDATE toolsync_item_stale w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.needsupdate = 1;
{% if all_grades %}

{% include "courses_reset/items.sql" %}

CREATE TEMPORARY TABLE toolsync_made_grade_grades (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- With their final grades: where the next visit to the gradebook has to change one, Moodle deletes the feedback with it.
-- when: toolsync_grade_back
-- chunks: toolsync_grade_back.seq
INSERT INTO {grade_grades} (itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid, usermodified, finalgrade, feedback, feedbackformat, informationformat,
       timecreated, timemodified)
SELECT gi.id, b.userid, b.rawgrade, gi.grademax, gi.grademin, gi.scaleid, COALESCE(NULLIF(b.usermodified, 0), @actor),
       {{ final }},
       b.feedback, b.feedbackformat, 2, b.datesubmitted, IF(b.rawgrade IS NULL AND b.feedback IS NULL, NULL, COALESCE(NULLIF(b.dategraded, 0), @now))
  FROM toolsync_grade_back b
  STRAIGHT_JOIN {grade_items} gi ON gi.id = COALESCE(b.newitemid, b.itemid)
 WHERE b.seq BETWEEN @first AND @last
 ORDER BY b.seq;

-- when: toolsync_grade_back
INSERT INTO toolsync_made_grade_grades (id, courseid)
SELECT gg.id, b.courseid
  FROM toolsync_grade_back b
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.itemid = COALESCE(b.newitemid, b.itemid) AND gg.userid = b.userid;
{% endif %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'completion' FROM toolsync_grade_reset d LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'grade_restrictions' FROM toolsync_item_reset s LIMIT 1;
