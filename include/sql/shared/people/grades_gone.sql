-- Delete the grades of the people in toolsync_last. Copies go to the grade history, and completion that depended on a grade becomes incomplete.

DROP TEMPORARY TABLE IF EXISTS toolsync_grade_gone;
CREATE TEMPORARY TABLE toolsync_grade_gone (
    id BIGINT NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, itemid BIGINT NOT NULL, courseid BIGINT NOT NULL, KEY (itemid)
);

INSERT INTO toolsync_grade_gone (id, userid, itemid, courseid)
SELECT gg.id, gg.userid, gg.itemid, gi.courseid
  FROM toolsync_last l
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = l.courseid
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.itemid = gi.id AND gg.userid = l.userid;

DROP TEMPORARY TABLE IF EXISTS toolsync_file_gone;
CREATE TEMPORARY TABLE toolsync_file_gone (id BIGINT NOT NULL PRIMARY KEY, draftid BIGINT NOT NULL);

-- Feedback files of these grades.
-- when: toolsync_grade_gone
INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.itemid)
  FROM toolsync_grade_gone d
  JOIN {grade_items} gi ON gi.id = d.itemid AND gi.itemtype = 'mod'
  JOIN {modules} mo ON mo.name = gi.itemmodule
  JOIN {course_modules} cm ON cm.course = d.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  JOIN {context} c ON c.contextlevel = 70 AND c.instanceid = cm.id
  JOIN {files} f ON f.component = 'grade' AND f.filearea = 'feedback' AND f.contextid = c.id AND f.itemid = d.id;

-- Find the activities whose completion depends on such a grade first: they are few, while people have many grades.
DROP TEMPORARY TABLE IF EXISTS toolsync_graded_module;
CREATE TEMPORARY TABLE toolsync_graded_module (itemid BIGINT NOT NULL, moduleid BIGINT NOT NULL, PRIMARY KEY (itemid, moduleid));
CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_completion_undone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_graded_module (itemid, moduleid)
SELECT gi.id, cm.id
  FROM (SELECT DISTINCT d.itemid FROM toolsync_grade_gone d) w
  JOIN {grade_items} gi ON gi.id = w.itemid AND gi.itemtype = 'mod'
  JOIN {course} co ON co.id = gi.courseid AND co.enablecompletion = 1
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  JOIN {course_modules} cm ON cm.course = gi.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
 WHERE cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber
   AND {{ setting("enablecompletion") }} = '1';

INSERT IGNORE INTO toolsync_completion_undone (id)
SELECT done.id
  FROM toolsync_graded_module g
  JOIN toolsync_grade_gone d ON d.itemid = g.itemid
  JOIN {course_modules_completion} done ON done.coursemoduleid = g.moduleid AND done.userid = d.userid
 WHERE done.completionstate <> 0 AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL);

{% from "shared/grade_history.sql" import keep_history with context %}
{{ keep_history("toolsync_grade_gone", "userdelete") }}
{% include "shared/files_gone.sql" %}

DELETE gg FROM toolsync_grade_gone d STRAIGHT_JOIN {grade_grades} gg ON gg.id = d.id;

UPDATE toolsync_completion_undone w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.completionstate = 0, done.timemodified = @now, done.overrideby = NULL;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'completion' FROM toolsync_grade_gone d LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'grade_restrictions' FROM toolsync_grade_gone d LIMIT 1;
