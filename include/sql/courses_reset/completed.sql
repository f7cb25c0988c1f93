{% from "shared/grades/complete.sql" import complete %}
{% from "shared/grades/conditions.sql" import conditions with context %}
{% from "shared/grades/state.sql" import final, of_quiz, state with context %}
{% set seen = "v.id IS NOT NULL" if site_has("course_modules_viewed") else "COALESCE(done.viewed, 0) = 1" %}
{% set score = "COALESCE(" ~ final ~ ", b.rawgrade)" %}
-- A grade that comes back completes what is not complete, or not any more, where all conditions are met. `id`: of the row that there is; NULL: none.
CREATE TEMPORARY TABLE toolsync_completed (
    seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, id BIGINT NULL, courseid BIGINT NOT NULL, moduleid BIGINT NOT NULL, userid BIGINT NOT NULL, completionstate INT NOT NULL,
    UNIQUE KEY (moduleid, userid), KEY (id)
);

-- when: toolsync_grade_back
-- when: toolsync_graded_module
INSERT IGNORE INTO toolsync_completed (id, courseid, moduleid, userid, completionstate)
SELECT s.id, s.courseid, s.moduleid, s.userid, s.state
  FROM (SELECT done.id, b.seq, b.courseid, g.moduleid, b.userid,
               IF(cm.completionview = 1 AND NOT ({{ seen }})
                  OR NOT ({{ conditions("b.userid", "(fresh.courseid IS NOT NULL OR " ~ score ~ " >= gi.gradepass)", "was.userid IS NOT NULL") }}), 0,
                  {{ state(score, "fresh.courseid IS NOT NULL") }}) AS state
          FROM toolsync_graded_module g
          JOIN toolsync_grade_back b ON b.itemid = g.itemid AND b.rawgrade IS NOT NULL
          STRAIGHT_JOIN {grade_items} gi ON gi.id = g.itemid
          STRAIGHT_JOIN {course_modules} cm ON cm.id = g.moduleid
          LEFT JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = b.userid AND done.coursemoduleid = g.moduleid
{% if site_has("course_modules_viewed") %}
          LEFT JOIN {course_modules_viewed} v {{ by_index("course_modules_viewed", "userid", "coursemoduleid") }} ON v.userid = b.userid AND v.coursemoduleid = g.moduleid
{% endif %}
          LEFT JOIN toolsync_complete_before was ON was.moduleid = g.moduleid AND was.userid = b.userid
          LEFT JOIN toolsync_asked fresh ON fresh.courseid = b.courseid AND fresh.name = 'gradebook_items'
{{- of_quiz() }}
         WHERE COALESCE(done.completionstate, 0) = 0) s
 WHERE s.state <> 0
 ORDER BY s.seq;

{% if site_has("scorm") %}
{% set attempts = "scorm_attempt" if site_has("scorm_attempt") else "scorm_scoes_track" %}
-- Besides, a SCORM package has everybody's completion checked who has attempted it. One that people tick off by hand is complete then.
INSERT IGNORE INTO toolsync_completed (id, courseid, moduleid, userid, completionstate)
SELECT done.id, t.courseid, cm.id, k.userid, 1
  FROM (SELECT DISTINCT a.courseid FROM toolsync_asked a WHERE a.name IN ('gradebook_grades', 'gradebook_items')) t
  STRAIGHT_JOIN {course} co ON co.id = t.courseid AND co.enablecompletion = 1
  JOIN {modules} mo ON mo.name = 'scorm' AND mo.visible = 1
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = t.courseid AND cm.module = mo.id AND cm.completion <> 0 AND cm.completiongradeitemnumber IS NULL
        AND cm.deletioninprogress = 0
  STRAIGHT_JOIN {scorm} s ON s.id = cm.instance
  STRAIGHT_JOIN {{ table(attempts) }} k {{ by_index(attempts, "scormid") }} ON k.scormid = s.id
  LEFT JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = k.userid AND done.coursemoduleid = cm.id
{% if site_has("course_modules_viewed") %}
  LEFT JOIN {course_modules_viewed} v {{ by_index("course_modules_viewed", "userid", "coursemoduleid") }} ON v.userid = k.userid AND v.coursemoduleid = cm.id
{% endif %}
  LEFT JOIN toolsync_complete_before was ON was.moduleid = cm.id AND was.userid = k.userid
 WHERE COALESCE(done.completionstate, 0) = 0 AND {{ setting_is_on("enablecompletion") }}
   AND (cm.completion = 1
        OR (cm.completionview = 0 OR {{ seen }})
        AND (was.userid IS NOT NULL
             OR COALESCE(s.completionstatusrequired, 0) = 0 AND COALESCE(s.completionscorerequired, 0) = 0 AND COALESCE(s.completionstatusallscos, 0) = 0))
 ORDER BY k.id;

{% endif %}
{{ complete("toolsync_completed") }}
CREATE TEMPORARY TABLE toolsync_made_course_modules_completion (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_completed
INSERT INTO toolsync_made_course_modules_completion (id, courseid)
SELECT done.id, w.courseid
  FROM toolsync_completed w
  STRAIGHT_JOIN {course_modules_completion} done {{ by_index("course_modules_completion", "userid", "coursemoduleid") }} ON done.userid = w.userid AND done.coursemoduleid = w.moduleid
 WHERE w.id IS NULL;
