{# What activities make of attempts that are back beside those that people made since. Of one without such attempts, nothing is worked out again. #}
{% from "shared/grades/sent.sql" import items_columns, grades_columns, sent with context %}
{% from "shared/grades/state.sql" import final, over, state with context %}
{% from "shared/grades/complete.sql" import complete %}
{% from "shared/grades/conditions.sql" import conditions with context %}
{% set attempts = {"quiz": ("quiz_attempts", "quiz"), "lesson": ("lesson_grades", "lessonid"), "h5pactivity": ("h5pactivity_attempts", "h5pactivityid")} %}
{% if back.get("quiz_attempts") %}
-- Grades of quizzes that were given since, and are not what all attempts give together. NULL: they give none.
CREATE TEMPORARY TABLE toolsync_quiz_anew (id BIGINT NOT NULL PRIMARY KEY, grade DECIMAL(10, 5) NULL);

-- when: toolsync_back_quiz_attempts
INSERT INTO toolsync_quiz_anew (id, grade)
SELECT s.id, s.score
  FROM (SELECT n.id, n.grade, ROUND(IF(q.sumgrades >= 0.000005, n.best * q.grade / q.sumgrades, 0 * n.best), 5) AS score
          FROM (SELECT a.id, a.quiz, a.grade,
                       CASE a.grademethod WHEN 2 THEN AVG(a.sumgrades) WHEN 3 THEN MAX(IF(a.place = 1, a.sumgrades, NULL))
                                          WHEN 4 THEN MAX(IF(a.place = a.places, a.sumgrades, NULL)) ELSE MAX(a.sumgrades) END AS best
                  FROM (SELECT g.id, g.quiz, g.grade, q.grademethod, k.sumgrades, ROW_NUMBER() OVER (PARTITION BY g.id ORDER BY k.attempt) AS place,
                               COUNT(*) OVER (PARTITION BY g.id) AS places
                          FROM (SELECT DISTINCT t.quiz, t.userid FROM toolsync_back_quiz_attempts b STRAIGHT_JOIN {quiz_attempts} t ON t.id = b.id) p
                          STRAIGHT_JOIN {quiz_grades} g {{ by_index("quiz_grades", "userid") }} ON g.userid = p.userid AND g.quiz = p.quiz
                          STRAIGHT_JOIN {quiz} q ON q.id = p.quiz
                          STRAIGHT_JOIN {quiz_attempts} k {{ by_index("quiz_attempts", "quiz", "userid") }} ON k.quiz = p.quiz AND k.userid = p.userid AND k.preview = 0
                                AND k.state IN ('finished', 'abandoned', 'submitted')
{% if back.get("quiz_grades") %}
                          LEFT JOIN toolsync_back_quiz_grades r ON r.id = g.id
                         WHERE r.id IS NULL
{% endif %}
                       ) a
                 GROUP BY a.id, a.quiz, a.grade, a.grademethod) n
          STRAIGHT_JOIN {quiz} q ON q.id = n.quiz) s
 WHERE NOT (s.score <=> s.grade);

-- when: toolsync_quiz_anew
UPDATE toolsync_quiz_anew w
  STRAIGHT_JOIN {quiz_grades} g ON g.id = w.id
   SET g.grade = w.grade, g.timemodified = @now
 WHERE w.grade IS NOT NULL;

-- when: toolsync_quiz_anew
DELETE g FROM toolsync_quiz_anew w STRAIGHT_JOIN {quiz_grades} g ON g.id = w.id WHERE w.grade IS NULL;

{% endif %}
-- The grades in the gradebook that were given since, of people of whom attempts are back.
CREATE TEMPORARY TABLE toolsync_attempt_joined (
    id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, itemid BIGINT NOT NULL, userid BIGINT NOT NULL, module VARCHAR(20) NOT NULL, activityid BIGINT NOT NULL, KEY (itemid)
);
{% for module, (name, column) in attempts.items() if back.get(name) %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_attempt_joined (id, courseid, itemid, userid, module, activityid)
SELECT gg.id, gi.courseid, gi.id, gg.userid, '{{ module }}', a.id
  FROM (SELECT DISTINCT t.{{ column }} AS activityid, t.userid FROM toolsync_back_{{ name }} b STRAIGHT_JOIN {{ table(name) }} t ON t.id = b.id) p
  STRAIGHT_JOIN {{ table(module) }} a ON a.id = p.activityid
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = a.course AND gi.itemtype = 'mod' AND gi.itemmodule = '{{ module }}'
        AND gi.iteminstance = a.id AND gi.itemnumber = 0
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "userid", "itemid") }} ON gg.userid = p.userid AND gg.itemid = gi.id
{%- if back.get("grade_grades") %}

  LEFT JOIN toolsync_back_grade_grades r ON r.id = gg.id
 WHERE r.id IS NULL
{%- endif %};
{% endfor %}

-- Items that take grades: not those that are locked, or would be by now, or calculated, or several of one grade.
CREATE TEMPORARY TABLE toolsync_item_joined (
    {{ items_columns }}
);

-- when: toolsync_attempt_joined
INSERT IGNORE INTO toolsync_item_joined (id, courseid, module, number, activityid, moduleid, highest)
SELECT gi.id, gi.courseid, gi.itemmodule, gi.itemnumber, gi.iteminstance, cm.id, gi.grademax
  FROM (SELECT DISTINCT j.itemid FROM toolsync_attempt_joined j) w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.itemid AND gi.gradetype IN (1, 2) AND gi.locked = 0 AND NOT (gi.locktime > 0 AND gi.locktime < @now)
        AND COALESCE(gi.calculation, '') = '' AND gi.outcomeid IS NULL
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "instance") }} ON cm.instance = gi.iteminstance AND cm.module = mo.id AND cm.course = gi.courseid AND cm.deletioninprogress = 0
 WHERE NOT EXISTS (SELECT 1
                     FROM {grade_items} x {{ by_index("grade_items", "courseid") }}
                    WHERE x.courseid = gi.courseid AND x.itemmodule = gi.itemmodule AND x.iteminstance = gi.iteminstance AND x.itemnumber = gi.itemnumber AND x.id <> gi.id);

CREATE TEMPORARY TABLE toolsync_person_joined (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

-- when: toolsync_attempt_joined
INSERT INTO toolsync_person_joined (courseid, userid)
SELECT DISTINCT j.courseid, j.userid FROM toolsync_attempt_joined j;

CREATE TEMPORARY TABLE toolsync_grade_joined (
    {{ grades_columns }}
);
{% for module, (name, column) in attempts.items() if back.get(name) %}
{{ sent(module, 0, "toolsync_item_joined", "toolsync_grade_joined", people="toolsync_person_joined") }}
{% endfor %}

-- @over: how many times the maximum of its item a grade may be
SET @over = {{ over }};

-- Those that are others now. Nothing is sent over a grade that is locked, or would be by now, nor over the final grade of one that somebody set in the gradebook.
CREATE TEMPORARY TABLE toolsync_grade_anew (
    id BIGINT NOT NULL PRIMARY KEY, itemid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL, rawgrade DECIMAL(10, 5) NULL, finalgrade DECIMAL(10, 5) NULL,
    rawgrademax DECIMAL(10, 5) NOT NULL, rawgrademin DECIMAL(10, 5) NOT NULL, rawscaleid BIGINT NULL, timecreated BIGINT NULL, timemodified BIGINT NULL, KEY (itemid)
);

-- when: toolsync_attempt_joined
-- when: toolsync_item_joined
INSERT INTO toolsync_grade_anew (id, itemid, userid, courseid, rawgrade, finalgrade, rawgrademax, rawgrademin, rawscaleid, timecreated, timemodified)
SELECT gg.id, gg.itemid, gg.userid, j.courseid, b.rawgrade,
       IF(gg.overridden > 0, gg.finalgrade, {{ final }}), gi.grademax, gi.grademin, gi.scaleid,
       b.datesubmitted,
       CASE WHEN gg.overridden > 0 THEN gg.timemodified WHEN b.rawgrade IS NULL AND gg.feedback IS NULL THEN NULL ELSE COALESCE(NULLIF(b.dategraded, 0), @now) END
  FROM toolsync_attempt_joined j
  STRAIGHT_JOIN toolsync_item_joined t ON t.id = j.itemid
  STRAIGHT_JOIN {grade_items} gi ON gi.id = j.itemid
  STRAIGHT_JOIN {grade_grades} gg ON gg.id = j.id AND gg.locked = 0 AND NOT (gg.locktime > 0 AND gg.locktime < @now)
  LEFT JOIN toolsync_grade_joined b ON b.itemid = j.itemid AND b.userid = j.userid
 WHERE (b.seq IS NOT NULL OR j.module = 'quiz') AND NOT (ROUND(b.rawgrade, 5) <=> gg.rawgrade);

-- when: toolsync_grade_anew
UPDATE toolsync_grade_anew w
  STRAIGHT_JOIN {grade_grades} gg ON gg.id = w.id
   SET gg.rawgrade = w.rawgrade, gg.rawgrademax = w.rawgrademax, gg.rawgrademin = w.rawgrademin, gg.rawscaleid = w.rawscaleid, gg.usermodified = @actor,
       gg.finalgrade = w.finalgrade, gg.timecreated = w.timecreated, gg.timemodified = w.timemodified;

{% set columns = ["itemid", "userid", "rawgrade", "rawgrademax", "rawgrademin", "rawscaleid", "usermodified", "finalgrade", "hidden", "locked", "locktime", "exported",
                  "overridden", "excluded", "feedback", "feedbackformat", "information", "informationformat"] %}
-- when: toolsync_grade_anew
-- chunks: toolsync_grade_anew.id
INSERT INTO {grade_grades_history} (action, oldid, source, timemodified, loggeduser, {{ columns | join(", ") }})
SELECT 2, gg.id, CONCAT('mod/', j.module), @now, @actor, gg.{{ columns | join(", gg.") }}
  FROM toolsync_grade_anew w
  STRAIGHT_JOIN toolsync_attempt_joined j ON j.id = w.id
  STRAIGHT_JOIN {grade_grades} gg ON gg.id = w.id
 WHERE w.id BETWEEN @first AND @last AND NOT {{ setting_is_on("disablegradehistory") }}
 ORDER BY w.id;

-- What such a grade makes of its activity. `id`: of the row of completion that there is; NULL: none.
CREATE TEMPORARY TABLE toolsync_state_anew (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, id BIGINT NULL, moduleid BIGINT NOT NULL, userid BIGINT NOT NULL, completionstate INT NOT NULL, UNIQUE KEY (moduleid, userid), KEY (id)
);
{% set score = "COALESCE(w.finalgrade, w.rawgrade)" %}

-- when: toolsync_grade_anew
INSERT IGNORE INTO toolsync_state_anew (id, moduleid, userid, completionstate)
SELECT s.id, s.moduleid, s.userid, s.state
  FROM (SELECT done.id, cm.id AS moduleid, w.userid, COALESCE(done.completionstate, 0) AS was, done.overrideby,
               CASE WHEN {{ score }} IS NULL THEN 0 WHEN gi.gradepass <= 0.000009 OR gi.hidden <> 0 THEN 1 ELSE IF({{ score }} >= gi.gradepass, 2, 3) END AS told,
               IF({{ score }} IS NULL OR cm.completionview = 1 AND {{ "v.id IS NULL" if site_has("course_modules_viewed") else "COALESCE(done.viewed, 0) = 0" }}
                  OR NOT ({{ conditions("w.userid", score ~ " >= gi.gradepass", "COALESCE(done.completionstate, 0) <> 0") }}), 0,
                  {{ state(score, secret="gi.hidden <> 0") }}) AS state
          FROM toolsync_grade_anew w
          STRAIGHT_JOIN toolsync_item_joined t ON t.id = w.itemid
          STRAIGHT_JOIN {course} co ON co.id = w.courseid AND co.enablecompletion = 1
          STRAIGHT_JOIN {grade_items} gi ON gi.id = w.itemid
          STRAIGHT_JOIN {course_modules} cm ON cm.id = t.moduleid AND cm.completion = 2 AND cm.completiongradeitemnumber = gi.itemnumber
          LEFT JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = w.userid AND done.coursemoduleid = cm.id
{% if site_has("course_modules_viewed") %}
          LEFT JOIN {course_modules_viewed} v {{ by_index("course_modules_viewed", "userid", "coursemoduleid") }} ON v.userid = w.userid AND v.coursemoduleid = cm.id
{% endif %}
         WHERE {{ setting_is_on("enablecompletion") }}) s
 WHERE s.told <> s.was AND NOT (s.told = 1 AND s.was IN (2, 3)) AND NOT (s.was = 1 AND s.overrideby IS NOT NULL) AND s.state <> s.was;

{{ complete("toolsync_state_anew") }}
-- Moodle works the totals out on the next visit to the gradebook.
CREATE TEMPORARY TABLE toolsync_total_aged (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_grade_anew
INSERT INTO toolsync_total_aged (id)
SELECT gi.id
  FROM (SELECT DISTINCT w.courseid FROM toolsync_grade_anew w) k
  STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = k.courseid AND gi.itemtype = 'course' AND gi.needsupdate <> 1;

-- when: toolsync_grade_anew
INSERT IGNORE INTO toolsync_total_aged (id)
SELECT gi.id
  FROM (SELECT DISTINCT w.itemid FROM toolsync_grade_anew w) k
  STRAIGHT_JOIN {grade_items} gi ON gi.id = k.itemid AND gi.needsupdate <> 1;

-- when: toolsync_total_aged
UPDATE toolsync_total_aged w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.needsupdate = 1;

-- when: toolsync_grade_anew
INSERT INTO toolsync_note (line, message)
SELECT @undone_line, CONCAT('course ', c.shortname, ': ', COUNT(*), ' grades worked out again, of the attempts that are back and those made since')
  FROM toolsync_grade_anew w
  STRAIGHT_JOIN {course} c ON c.id = w.courseid
 GROUP BY c.id, c.shortname
 ORDER BY c.id;

-- when: toolsync_grade_anew
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('grade_restrictions'), ('completion');
