{#
  Moodle gives the people in toolsync_returning the grades back that they had in the course before, where its setting `recovergradesdefault` says so: after each
  enrolment, grade_recover_history_grades takes them from the history, and then lets the activities send what they have (grade_grab_course_grades). Here:
  - The totals come back as the history has them. Moodle works them out again on the next visit to the gradebook.
  - A row without grade and feedback, which Moodle makes for each activity in which somebody has nothing, is left to the gradebook, which makes it on that visit.
  - What a SCORM package or a plugin of others sends, its own code alone knows: the history's grade says what it sent last.
  - Course completion follows by cron.
#}
{% from "shared/grades/sent.sql" import known, knows, items_columns, grades_columns, insert, taking, sent with context %}
{% from "shared/grades/complete.sql" import complete %}
{% from "shared/grades/conditions.sql" import conditions with context %}
{% from "shared/grades/state.sql" import final, over, state with context %}
{% from "shared/grades/quiz_hidden.sql" import hidden with context %}
{# What Tool Sync can't tell was met where the activity was complete until the grade went. #}
{% set lost = "COALESCE(done.completionstate = 0 AND done.timemodified BETWEEN n.gone AND n.gone + 60, 0)" %}
{# What was deducted from a grade h for a late submission, which the history does not say. Moodle deducts it again from what the assignment sends. #}
{% set penalties = site_has("grade_grades", "deductedmark") and site_has("assign", "gradepenalty") %}
{% set deducted %}
IF(gi.itemmodule = 'assign' AND h.overridden = 0 AND b.rawgrade = h.rawgrade AND h.rawgrade <= gi.grademax AND gi.multfactor = 1 AND gi.plusfactor = 0
                  AND EXISTS (SELECT 1 FROM {assign} a WHERE a.id = gi.iteminstance AND a.gradepenalty = 1), GREATEST(h.rawgrade - h.finalgrade, 0), 0)
{%- endset %}
-- Give the people in toolsync_returning their old grades back. Who has a grade in the course already gets none.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_grade_holder (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

-- when: toolsync_returning
INSERT IGNORE INTO toolsync_grade_holder (courseid, userid)
SELECT p.courseid, p.userid
  FROM toolsync_returning p
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = p.courseid
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.itemid = gi.id AND gg.userid = p.userid;

-- when: toolsync_grade_holder
DELETE p FROM toolsync_returning p JOIN toolsync_grade_holder k ON k.courseid = p.courseid AND k.userid = p.userid;

-- The last that the history tells of each grade (id), and when this was made; of one that went, when it did.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_grade_last (
    id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, itemid BIGINT NOT NULL, userid BIGINT NOT NULL, made BIGINT NULL, UNIQUE KEY (itemid, userid)
);

-- when: toolsync_returning
INSERT INTO toolsync_grade_last (id, courseid, itemid, userid, made)
SELECT MAX(h.id), p.courseid, h.itemid, h.userid, MAX(IF(h.action = 1, h.timemodified, NULL))
  FROM toolsync_returning p
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = p.courseid
  STRAIGHT_JOIN {grade_grades_history} h {{ by_index("grade_grades_history", "userid", "itemid") }} ON h.itemid = gi.id AND h.userid = p.userid
 GROUP BY p.courseid, h.itemid, h.userid
HAVING SUM(h.action = 1) > 0;

-- The grade items of these courses that take grades of activities: not those that are locked, or would be by now, or calculated, or several of one grade.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_item_sending (
    {{ items_columns }}
);

-- when: toolsync_returning
INSERT IGNORE INTO toolsync_item_sending (id, courseid, module, number, activityid, moduleid, highest)
SELECT n.id, n.courseid, n.itemmodule, n.itemnumber, n.iteminstance, n.moduleid, n.grademax
  FROM (SELECT gi.id, gi.courseid, gi.itemmodule, gi.itemnumber, gi.iteminstance, cm.id AS moduleid, gi.grademax, cm.deletioninprogress,
               gi.gradetype IN (1, 2) AND gi.locked = 0 AND NOT (gi.locktime > 0 AND gi.locktime < @now) AND COALESCE(gi.calculation, '') = ''
               AND gi.outcomeid IS NULL AS takes,
               COUNT(*) OVER (PARTITION BY gi.courseid, gi.itemmodule, gi.iteminstance, gi.itemnumber) AS items
          FROM (SELECT DISTINCT p.courseid FROM toolsync_returning p) c
          STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = c.courseid AND gi.itemtype = 'mod'
          JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
          STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "instance") }} ON cm.instance = gi.iteminstance AND cm.module = mo.id AND cm.course = gi.courseid) n
 WHERE n.takes AND n.items = 1 AND n.deletioninprogress = 0;

{% if site_has("quiz", "reviewmarks") %}
-- Quizzes that send to the gradebook say whether their grades are hidden there, and until when.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_quiz_sending (id BIGINT NOT NULL PRIMARY KEY, hidden BIGINT NOT NULL);

-- when: toolsync_item_sending
INSERT INTO toolsync_quiz_sending (id, hidden)
SELECT n.id, n.hidden
  FROM (SELECT gi.id, gi.hidden AS was,
               {{ hidden("q.timeclose") }} AS hidden
          FROM toolsync_item_sending t
          STRAIGHT_JOIN {quiz} q ON q.id = t.activityid AND t.module = 'quiz' AND t.number = 0
          STRAIGHT_JOIN {course_modules} cm ON cm.id = t.moduleid
          STRAIGHT_JOIN {grade_items} gi ON gi.id = t.id) n
 WHERE n.hidden <> n.was;

-- when: toolsync_quiz_sending
UPDATE toolsync_quiz_sending w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.hidden = w.hidden, gi.timemodified = @now;

{% endif %}
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_grade_sent (
    {{ grades_columns }}
);
{% for module, number in known if knows(module, number) %}
{{ sent(module, number, "toolsync_item_sending", "toolsync_grade_sent", people="toolsync_returning") }}
{% endfor %}
{# Moodle 5.1 counts the ratings of who has none; earlier, forums sent nothing then. #}
{% set unrated = "IF(a.assessed = 2 AND h.rawgrade IS NOT NULL, 0, NULL)" if moodle_since("5.1") else "NULL" %}
{% for module, number, nothing, condition in [
    ("quiz", 0, "NULL", "a.grade <> 0"), ("lesson", 0, "NULL", "a.grade <> 0 AND a.practice = 0"),
    ("h5pactivity", 0, "NULL", "a.grade > 0 AND (a.enabletracking = 0 OR a.grademethod = 0)"),
    ("forum", 0, unrated, "a.assessed <> 0"), ("glossary", 0, unrated, "a.assessed <> 0"), ("data", 0, unrated, "a.assessed <> 0"),
  ] if knows(module, number) and (module != "forum" or moodle_since("5.1")) %}

-- Where nothing is left of somebody's work, no grade is.
{{ insert("toolsync_item_sending", "toolsync_grade_sent") }}
SELECT t.courseid, t.id, l.userid, {{ nothing }}, NULL, NULL, 2, NULL, NULL
{{- taking(module, number, "toolsync_item_sending", condition=condition) }}
  STRAIGHT_JOIN toolsync_grade_last l ON l.itemid = t.id
  STRAIGHT_JOIN {grade_grades_history} h ON h.id = l.id
 ORDER BY l.id;
{% endfor %}
{% if site_has("scorm") %}

-- A SCORM package sends what it sent last, as far as Tool Sync can tell.
{{ insert("toolsync_item_sending", "toolsync_grade_sent") }}
SELECT t.courseid, t.id, l.userid, h.rawgrade, NULL, NULL, 2, NULL, NULL
{{- taking("scorm", 0, "toolsync_item_sending") }}
  STRAIGHT_JOIN toolsync_grade_last l ON l.itemid = t.id
  STRAIGHT_JOIN {grade_grades_history} h ON h.id = l.id
 ORDER BY l.id;
{% endif %}

-- @over: how many times the maximum of its item a grade may be
-- when: toolsync_returning
SET @over = {{ over }};

-- The grades to be: as the history has them, with what activities send. Nothing is sent over a grade that is locked, or would be by now; nor over the final grade
-- and the feedback of one that somebody set in the gradebook. `kept`: whether the history has it; `last`: with which
-- grade; `gone`: when it was deleted, NULL: it was not.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_grade_new (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, courseid BIGINT NOT NULL, kept TINYINT NOT NULL, last DECIMAL(10, 5) NULL, gone BIGINT NULL, source VARCHAR(255) NULL, itemid BIGINT NOT NULL, userid BIGINT NOT NULL,
    rawgrade DECIMAL(10, 5) NULL, rawgrademax DECIMAL(10, 5) NOT NULL, rawgrademin DECIMAL(10, 5) NOT NULL, rawscaleid BIGINT NULL, usermodified BIGINT NULL,
    finalgrade DECIMAL(10, 5) NULL, hidden BIGINT NOT NULL, locked BIGINT NOT NULL, locktime BIGINT NOT NULL, exported BIGINT NOT NULL, overridden BIGINT NOT NULL,
    excluded BIGINT NOT NULL, feedback LONGTEXT NULL, feedbackformat BIGINT NOT NULL, information LONGTEXT NULL, informationformat BIGINT NOT NULL,
    timecreated BIGINT NULL, timemodified BIGINT NULL{{ ", deductedmark DECIMAL(10, 5) NOT NULL DEFAULT 0" if penalties }}, KEY (itemid, userid)
);

-- when: toolsync_grade_last
INSERT INTO toolsync_grade_new (courseid, kept, last, gone, source, itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid, usermodified, finalgrade, hidden, locked, locktime, exported,
       overridden, excluded, feedback, feedbackformat, information, informationformat, timecreated, timemodified{{ ", deductedmark" if penalties }})
SELECT n.courseid, 1, COALESCE(n.finalgrade, n.rawgrade), IF(n.action = 3, n.timemodified, NULL), n.source, n.itemid, n.userid, n.newraw,
       IF(n.sent, n.grademax, n.rawgrademax), IF(n.sent, n.grademin, n.rawgrademin), IF(n.sent, n.scaleid, n.rawscaleid), IF(n.sent, n.sender, n.usermodified),
       n.newfinal, n.hidden, n.locked, n.locktime, n.exported, n.overridden, n.excluded, n.newfeedback, n.newformat, n.information, n.informationformat,
       IF(n.sent, n.datesubmitted, n.made),
       CASE WHEN NOT n.sent OR n.overridden > 0 THEN n.timemodified
            WHEN n.newraw IS NULL AND n.newfeedback IS NULL THEN NULL
            WHEN n.dategraded > 0 THEN n.dategraded
            WHEN n.newfinal <=> n.finalgrade AND BINARY n.newfeedback <=> BINARY n.feedback THEN n.timemodified
            ELSE @now END{{ ", COALESCE(n.deducted, 0)" if penalties }}
  FROM (SELECT l.courseid, l.made, h.*, gi.grademax, gi.grademin, gi.scaleid, b.seq IS NOT NULL AS sent, COALESCE(NULLIF(b.usermodified, 0), @actor) AS sender,
               b.datesubmitted, b.dategraded, IF(b.seq IS NULL, h.rawgrade, b.rawgrade) AS newraw,
{% if penalties %}
               {{ deducted }} AS deducted,
{% endif %}
               IF(b.seq IS NULL OR h.overridden > 0{{ " OR " ~ deducted ~ " > 0" if penalties }}, h.finalgrade,
                  {{ final }}) AS newfinal,
               IF(h.overridden > 0 OR b.seq IS NULL OR b.feedback IS NULL AND NOT (gi.itemmodule = 'workshop' AND gi.itemnumber = 0), h.feedback, b.feedback) AS newfeedback,
               IF(h.overridden > 0 OR b.seq IS NULL OR b.feedback IS NULL AND NOT (gi.itemmodule = 'workshop' AND gi.itemnumber = 0), h.feedbackformat, b.feedbackformat) AS newformat
          FROM toolsync_grade_last l
          STRAIGHT_JOIN {grade_grades_history} h ON h.id = l.id
          STRAIGHT_JOIN {grade_items} gi ON gi.id = l.itemid
          LEFT JOIN toolsync_grade_sent b ON b.itemid = l.itemid AND b.userid = l.userid AND h.locked = 0 AND NOT (h.locktime > 0 AND h.locktime < @now)) n
 ORDER BY n.id;

-- when: toolsync_grade_sent
INSERT INTO toolsync_grade_new (courseid, kept, last, gone, source, itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid, usermodified, finalgrade, hidden, locked, locktime, exported,
       overridden, excluded, feedback, feedbackformat, information, informationformat, timecreated, timemodified)
SELECT b.courseid, 0, NULL, NULL, CONCAT('mod/', gi.itemmodule), b.itemid, b.userid, b.rawgrade, gi.grademax, gi.grademin, gi.scaleid, COALESCE(NULLIF(b.usermodified, 0), @actor),
       {{ final }},
       0, 0, 0, 0, 0, 0, b.feedback, b.feedbackformat, NULL, 2, b.datesubmitted, COALESCE(NULLIF(b.dategraded, 0), @now)
  FROM toolsync_grade_sent b
  STRAIGHT_JOIN {grade_items} gi ON gi.id = b.itemid
  LEFT JOIN toolsync_grade_last l ON l.itemid = b.itemid AND l.userid = b.userid
 WHERE l.id IS NULL AND (b.rawgrade IS NOT NULL OR b.feedback IS NOT NULL)
 ORDER BY b.seq;

{% set columns = ["itemid", "userid", "rawgrade", "rawgrademax", "rawgrademin", "rawscaleid", "usermodified", "finalgrade", "hidden", "locked", "locktime", "exported",
                  "overridden", "excluded", "feedback", "feedbackformat", "information", "informationformat"] %}
-- when: toolsync_grade_new
-- chunks: toolsync_grade_new.seq
INSERT INTO {grade_grades} ({{ columns | join(", ") }}, timecreated, timemodified{{ ", deductedmark" if penalties }})
SELECT n.{{ columns | join(", n.") }}, n.timecreated, n.timemodified{{ ", n.deductedmark" if penalties }}
  FROM toolsync_grade_new n
 WHERE n.seq BETWEEN @first AND @last
 ORDER BY n.seq;

-- when: toolsync_grade_new
-- chunks: toolsync_grade_new.seq
INSERT INTO {grade_grades_history} (action, oldid, source, timemodified, loggeduser, {{ columns | join(", ") }})
SELECT 1, gg.id, n.source, @now, @actor, n.{{ columns | join(", n.") }}
  FROM toolsync_grade_new n
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.itemid = n.itemid AND gg.userid = n.userid
 WHERE n.seq BETWEEN @first AND @last
 ORDER BY n.seq;

-- Activities whose completion depends on such a grade. `viewed`: and on a view.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_module_graded (itemid BIGINT NOT NULL, moduleid BIGINT NOT NULL, viewed TINYINT NOT NULL, PRIMARY KEY (itemid, moduleid));

-- when: toolsync_grade_new
INSERT INTO toolsync_module_graded (itemid, moduleid, viewed)
SELECT gi.id, cm.id, cm.completionview = 1
  FROM (SELECT DISTINCT n.itemid FROM toolsync_grade_new n) w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.itemid AND gi.itemtype = 'mod'
  STRAIGHT_JOIN {course} co ON co.id = gi.courseid AND co.enablecompletion = 1
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "instance") }} ON cm.instance = gi.iteminstance AND cm.module = mo.id AND cm.course = gi.courseid
 WHERE cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber AND {{ setting_is_on("enablecompletion") }};

{# What a grade says of completion, before other conditions are asked; and what it makes of it. Where there is none yet, a better one stays, and one that somebody set. #}
{% macro told(grade) -%}
CASE WHEN {{ grade }} IS NULL THEN 0 WHEN gi.gradepass <= 0.000009 OR gi.hidden <> 0 THEN 1 ELSE IF({{ grade }} >= gi.gradepass, 2, 3) END
{%- endmacro %}
{% macro becomes(was, told, state) -%}
IF({{ told }} = {{ was }} OR {{ told }} = 1 AND {{ was }} IN (2, 3) OR {{ was }} = 1 AND s.overrideby IS NOT NULL, {{ was }}, {{ state }})
{%- endmacro %}
-- What becomes of them, by the grade of the history first, and then by what the activity sends. `id`: of the row that there is; NULL: none.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_completion_new (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, id BIGINT NULL, moduleid BIGINT NOT NULL, userid BIGINT NOT NULL, completionstate INT NOT NULL, UNIQUE KEY (moduleid, userid), KEY (id)
);

-- when: toolsync_module_graded
INSERT IGNORE INTO toolsync_completion_new (id, moduleid, userid, completionstate)
SELECT s.id, s.moduleid, s.userid, {{ becomes("s.became", "s.told", "s.state") }}
  FROM (SELECT s.*, IF(s.kept, {{ becomes("s.was", "s.firsttold", "s.firststate") }}, s.was) AS became
          FROM (SELECT done.id, n.moduleid, n.userid, n.kept, COALESCE(done.completionstate, 0) AS was, done.overrideby,
                       {{ told("n.last") }} AS firsttold,
                       {{ told("COALESCE(n.finalgrade, n.rawgrade)") }} AS told,
                       IF(n.last IS NULL OR NOT n.met, 0, {{ state("n.last", secret="gi.hidden <> 0") }}) AS firststate,
                       IF(COALESCE(n.finalgrade, n.rawgrade) IS NULL OR NOT n.met, 0,
                          {{ state("COALESCE(n.finalgrade, n.rawgrade)", secret="gi.hidden <> 0") }}) AS state
                  FROM (SELECT g.moduleid, n.itemid, n.userid, n.kept, n.last, n.finalgrade, n.rawgrade,
                               NOT (g.viewed AND {{ "v.id IS NULL" if site_has("course_modules_viewed") else "FALSE" }}) AND {{ conditions("n.userid", "COALESCE(n.finalgrade, n.rawgrade) >= gi.gradepass", lost) }} AS met
                          FROM toolsync_module_graded g
                          STRAIGHT_JOIN toolsync_grade_new n ON n.itemid = g.itemid
                          STRAIGHT_JOIN {grade_items} gi ON gi.id = g.itemid
                          STRAIGHT_JOIN {course_modules} cm ON cm.id = g.moduleid
                          LEFT JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = n.userid AND done.coursemoduleid = g.moduleid
{% if site_has("course_modules_viewed") %}
                          LEFT JOIN {course_modules_viewed} v {{ by_index("course_modules_viewed", "userid", "coursemoduleid") }} ON v.userid = n.userid AND v.coursemoduleid = g.moduleid
{% endif %}
                       ) n
                  STRAIGHT_JOIN {grade_items} gi ON gi.id = n.itemid
                  STRAIGHT_JOIN {course_modules} cm ON cm.id = n.moduleid
                  LEFT JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = n.userid AND done.coursemoduleid = n.moduleid
               ) s) s
 WHERE s.became <> s.was OR {{ becomes("s.became", "s.told", "s.state") }} <> s.became;

{{ complete("toolsync_completion_new") }}
-- Moodle computes the rest on the next visit to the gradebook.
-- when: toolsync_returning
CREATE TEMPORARY TABLE toolsync_item_aged (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_grade_new
INSERT IGNORE INTO toolsync_item_aged (id)
SELECT gi.id
  FROM (SELECT DISTINCT n.itemid FROM toolsync_grade_new n WHERE n.rawgrade IS NOT NULL OR n.finalgrade IS NOT NULL) w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.itemid AND gi.itemtype NOT IN ('course', 'category') AND gi.needsupdate <> 1;

-- when: toolsync_grade_new
INSERT IGNORE INTO toolsync_item_aged (id)
SELECT gi.id
  FROM (SELECT DISTINCT n.courseid FROM toolsync_grade_new n WHERE n.rawgrade IS NOT NULL OR n.finalgrade IS NOT NULL) w
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = w.courseid AND gi.itemtype = 'course' AND gi.needsupdate <> 1;

-- when: toolsync_item_aged
UPDATE toolsync_item_aged w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.needsupdate = 1;

-- when: toolsync_grade_new
INSERT INTO toolsync_note (line, message)
SELECT p.line, CONCAT('course ', c.shortname, ': ', COUNT(*), ' grades of earlier recovered')
  FROM toolsync_returning p
  STRAIGHT_JOIN {course} c ON c.id = p.courseid
  STRAIGHT_JOIN toolsync_grade_new n ON n.courseid = p.courseid AND n.userid = p.userid AND (n.finalgrade IS NOT NULL OR n.feedback IS NOT NULL)
  STRAIGHT_JOIN {grade_items} gi ON gi.id = n.itemid AND gi.itemtype NOT IN ('course', 'category')
 WHERE p.line > 0
 GROUP BY p.line, c.id, c.shortname
 ORDER BY p.line, c.id;

-- when: toolsync_grade_new
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('grade_restrictions');

-- when: toolsync_completion_new
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('completion');
