-- Delete the grades of activities that were reset, or all grades of a course; then activities send theirs to the gradebook again.
{% from "courses_reset/terms.sql" import resets, possible, going with context %}
{% set all_grades = given("grades") %}

{% if all_grades %}
-- The grades that activities send again: those that they keep themselves and that were not reset.
CREATE TEMPORARY TABLE toolsync_grade_back (
    courseid BIGINT NOT NULL, itemid BIGINT NOT NULL, userid BIGINT NOT NULL, gradeid BIGINT NOT NULL, newitemid BIGINT NULL, PRIMARY KEY (gradeid), KEY (itemid)
);
CREATE TEMPORARY TABLE toolsync_emptied (courseid BIGINT NOT NULL, module VARCHAR(20) NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (courseid, module, number));
{% for node, of in resets.facts("grades") %}
{% for number, options in of.items() %}
{% set options = options | select("in", possible | list + resets.pairs(going) | map("first") | list) | list %}
{% if options %}

INSERT IGNORE INTO toolsync_emptied (courseid, module, number)
SELECT a.courseid, '{{ node.name }}', {{ number }} FROM toolsync_asked a WHERE a.name IN ('{{ options | join("', '") }}');
{% endif %}

-- when: toolsync_item_reset
INSERT IGNORE INTO toolsync_grade_back (courseid, itemid, userid, gradeid)
SELECT s.courseid, gi.id, gg.userid, gg.id
  FROM toolsync_item_reset s
  JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod' AND gi.itemmodule = '{{ node.name }}' AND gi.itemnumber = {{ number }} AND gi.gradetype <> 0
  JOIN {grade_grades} gg ON gg.itemid = gi.id AND gg.rawgrade IS NOT NULL
  LEFT JOIN toolsync_emptied k ON k.courseid = s.courseid AND k.module = '{{ node.name }}' AND k.number = {{ number }}
 WHERE s.whole AND k.courseid IS NULL;
{% endfor %}
{% endfor %}

-- They come as the activity has them, without changes that a teacher made in the gradebook.
CREATE TEMPORARY TABLE toolsync_grade_new (PRIMARY KEY (id)) AS SELECT gg.*, CAST(0 AS SIGNED) AS toolsync_course FROM {grade_grades} gg LIMIT 0;

-- when: toolsync_grade_back
INSERT INTO toolsync_grade_new
SELECT gg.*, b.courseid FROM toolsync_grade_back b JOIN {grade_grades} gg ON gg.id = b.gradeid;
{% endif %}

CREATE TEMPORARY TABLE toolsync_grade_reset (id BIGINT NOT NULL PRIMARY KEY, userid BIGINT NOT NULL, itemid BIGINT NOT NULL, courseid BIGINT NOT NULL, back TINYINT NOT NULL, KEY (itemid));

-- when: toolsync_item_reset
INSERT INTO toolsync_grade_reset (id, userid, itemid, courseid, back)
SELECT gg.id, gg.userid, gg.itemid, s.courseid, {{ "b.gradeid IS NOT NULL" if all_grades else "0" }}
  FROM toolsync_item_reset s
  JOIN {grade_grades} gg ON gg.itemid = s.id{% if all_grades %}
  LEFT JOIN toolsync_grade_back b ON b.gradeid = gg.id{% endif %};

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
CREATE TEMPORARY TABLE toolsync_graded_module (itemid BIGINT NOT NULL, moduleid BIGINT NOT NULL, PRIMARY KEY (itemid, moduleid));

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
-- The new grade item has no grade to pass any more: this changes the completion of a grade that comes back.
CREATE TEMPORARY TABLE toolsync_passed (id BIGINT NOT NULL PRIMARY KEY, completionstate INT NOT NULL);

-- when: toolsync_grade_back
INSERT IGNORE INTO toolsync_passed (id, completionstate)
SELECT done.id, {{ "IF(cm.completionpassgrade = 1, 2, 1)" if site_has("course_modules", "completionpassgrade") else "1" }}
  FROM toolsync_grade_back b
  JOIN toolsync_asked a ON a.courseid = b.courseid AND a.name = 'gradebook_items'
  JOIN {grade_items} gi ON gi.id = b.itemid
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  JOIN {course_modules} cm ON cm.course = b.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  JOIN {course_modules_completion} done ON done.coursemoduleid = cm.id AND done.userid = b.userid
 WHERE cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber AND done.completionstate IN (2, 3)
   AND done.completionstate <> {{ "IF(cm.completionpassgrade = 1, 2, 1)" if site_has("course_modules", "completionpassgrade") else "1" }};

-- when: toolsync_passed
UPDATE toolsync_passed w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.timemodified = @now, done.completionstate = w.completionstate;

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

-- when: toolsync_grade_new
-- chunks: toolsync_grade_back.gradeid
INSERT INTO {grade_grades} (itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid, usermodified, feedback, feedbackformat, information, informationformat,
       timecreated, timemodified)
SELECT COALESCE(b.newitemid, b.itemid), n.userid, n.rawgrade, n.rawgrademax, n.rawgrademin, n.rawscaleid, n.usermodified,
       IF(n.overridden = 0, n.feedback, NULL), n.feedbackformat, n.information, n.informationformat, n.timecreated, n.timemodified
  FROM toolsync_grade_back b
  JOIN toolsync_grade_new n ON n.id = b.gradeid
 WHERE b.gradeid BETWEEN @first AND @last
 ORDER BY b.gradeid;

-- when: toolsync_grade_new
INSERT INTO toolsync_made_grade_grades (id, courseid)
SELECT gg.id, b.courseid
  FROM toolsync_grade_back b
  JOIN {grade_grades} gg ON gg.itemid = COALESCE(b.newitemid, b.itemid) AND gg.userid = b.userid;
{% endif %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'completion' FROM toolsync_grade_reset d LIMIT 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'grade_restrictions' FROM toolsync_item_reset s LIMIT 1;
