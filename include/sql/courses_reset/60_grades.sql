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
CREATE TEMPORARY TABLE toolsync_grade_new AS SELECT gg.*, CAST(0 AS SIGNED) AS toolsync_course FROM {grade_grades} gg LIMIT 0;

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
-- when: toolsync_item_reset
DELETE f FROM toolsync_item_reset s
  JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod'
  JOIN {modules} mo ON mo.name = gi.itemmodule
  JOIN {course_modules} cm ON cm.course = s.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  JOIN {context} c ON c.contextlevel = 70 AND c.instanceid = cm.id
  JOIN {files} f ON f.contextid = c.id AND f.component = 'grade' AND f.filearea IN ('feedback', 'historyfeedback')
 WHERE f.filearea = 'historyfeedback' OR f.itemid IN (SELECT d.id FROM toolsync_grade_reset d WHERE d.courseid = s.courseid);

-- when: toolsync_grade_reset
DELETE gg FROM {grade_grades} gg JOIN toolsync_grade_reset d ON d.id = gg.id;

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

-- when: toolsync_grade_reset
UPDATE toolsync_graded_module g
  JOIN toolsync_grade_reset d ON d.itemid = g.itemid AND NOT d.back
  JOIN {course_modules_completion} done ON done.coursemoduleid = g.moduleid AND done.userid = d.userid
   SET done.completionstate = 0, done.timemodified = @now, done.overrideby = NULL
 WHERE done.completionstate <> 0 AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL);

{% if all_grades %}
-- The new grade item has no grade to pass any more: this changes the completion of a grade that comes back.
-- when: toolsync_grade_back
UPDATE toolsync_grade_back b
  JOIN toolsync_asked a ON a.courseid = b.courseid AND a.name = 'gradebook_items'
  JOIN {grade_items} gi ON gi.id = b.itemid
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  JOIN {course_modules} cm ON cm.course = b.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  JOIN {course_modules_completion} done ON done.coursemoduleid = cm.id AND done.userid = b.userid
   SET done.timemodified = @now, done.completionstate = {{ "IF(cm.completionpassgrade = 1, 2, 1)" if site_has("course_modules", "completionpassgrade") else "1" }}
 WHERE cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber AND done.completionstate IN (2, 3)
   AND done.completionstate <> {{ "IF(cm.completionpassgrade = 1, 2, 1)" if site_has("course_modules", "completionpassgrade") else "1" }};

{% endif %}
-- Moodle computes the rest on the next visit to the gradebook.
-- when: toolsync_item_reset
UPDATE {grade_items} gi
  JOIN toolsync_item_reset s ON s.id = gi.id
   SET gi.needsupdate = 1;

-- when: toolsync_item_reset
UPDATE {grade_items} gi
  JOIN (SELECT DISTINCT s.courseid FROM toolsync_item_reset s) t ON t.courseid = gi.courseid
   SET gi.needsupdate = 1
 WHERE gi.itemtype = 'course';
{% if all_grades %}

{% include "courses_reset/items.sql" %}

CREATE TEMPORARY TABLE toolsync_made_grade_grades (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_grade_new
INSERT INTO {grade_grades} (itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid, usermodified, feedback, feedbackformat, information, informationformat,
       timecreated, timemodified)
SELECT COALESCE(b.newitemid, b.itemid), n.userid, n.rawgrade, n.rawgrademax, n.rawgrademin, n.rawscaleid, n.usermodified,
       IF(n.overridden = 0, n.feedback, NULL), n.feedbackformat, n.information, n.informationformat, n.timecreated, n.timemodified
  FROM toolsync_grade_new n
  JOIN toolsync_grade_back b ON b.gradeid = n.id
 ORDER BY n.id;

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
