-- Quizzes that send to the gradebook say whether their grades are hidden there, and until when.
{% from "courses_reset/terms.sql" import possible with context %}
{% if site_has("quiz", "reviewmarks") and (given("grades") or "quiz_attempts" in possible) %}
{# Whether marks are shown: 256: while the quiz is open; 16: after it has closed. #}
{% macro shown(when) %}(q.reviewmarks & {{ when }}){{ " AND (q.reviewmaxmarks & " ~ when ~ ")" if site_has("quiz", "reviewmaxmarks") }}{% endmacro %}
CREATE TEMPORARY TABLE toolsync_quiz_item (id BIGINT NOT NULL PRIMARY KEY, hidden BIGINT NOT NULL);

-- Where only attempts are reset, this comes before their dates shift.
INSERT IGNORE INTO toolsync_quiz_item (id, hidden)
SELECT n.id, n.hidden
  FROM (SELECT gi.id, gi.hidden AS was,
               CASE WHEN {{ shown(256) }} THEN cm.visible = 0
                    WHEN {{ shown(16) }} AND q.timeclose <> 0 THEN q.timeclose{{ " - IF(a.whole, 0, COALESCE(s.seconds, 0))" if given("startdate") }}
                    ELSE 1 END AS hidden
          FROM (SELECT k.courseid, MAX(k.name <> 'quiz_attempts') AS whole
                  FROM toolsync_asked k
                 WHERE k.name IN ('quiz_attempts', 'gradebook_grades', 'gradebook_items')
                 GROUP BY k.courseid) a
          STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = a.courseid AND gi.itemtype = 'mod' AND gi.itemmodule = 'quiz'
                AND gi.itemnumber = 0 AND gi.locked = 0
          STRAIGHT_JOIN {quiz} q ON q.id = gi.iteminstance
          JOIN {modules} m ON m.name = 'quiz' AND (m.visible = 1 OR NOT a.whole)
          STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = a.courseid AND cm.module = m.id AND cm.instance = q.id AND cm.deletioninprogress = 0
{%- if given("startdate") %}

          LEFT JOIN toolsync_shift s ON s.courseid = a.courseid
{%- endif %}) n
 WHERE n.hidden <> n.was;

-- when: toolsync_quiz_item
UPDATE toolsync_quiz_item w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.hidden = w.hidden, gi.timemodified = @now;
{% endif %}
