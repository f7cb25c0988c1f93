-- Quizzes that send to the gradebook say whether their grades are hidden there, and until when.
{% from "courses_reset/terms.sql" import possible with context %}
{% from "shared/grades/quiz_hidden.sql" import hidden with context %}
{% if site_has("quiz", "reviewmarks") and (given("grades") or "quiz_attempts" in possible) %}
CREATE TEMPORARY TABLE toolsync_quiz_item (id BIGINT NOT NULL PRIMARY KEY, hidden BIGINT NOT NULL);

-- Where only attempts are reset, this comes before their dates shift.
INSERT IGNORE INTO toolsync_quiz_item (id, hidden)
SELECT n.id, n.hidden
  FROM (SELECT gi.id, gi.hidden AS was,
               {{ hidden("q.timeclose" ~ (" - IF(a.whole, 0, COALESCE(s.seconds, 0))" if given("startdate") else "")) }} AS hidden
          FROM (SELECT k.courseid, MAX(k.name <> 'quiz_attempts') AS whole
                  FROM toolsync_asked k
                 WHERE k.name IN ('quiz_attempts', 'gradebook_grades', 'gradebook_items')
                 GROUP BY k.courseid) a
          STRAIGHT_JOIN {grade_items} gi {{ by_index("grade_items", "courseid") }} ON gi.courseid = a.courseid AND gi.itemtype = 'mod' AND gi.itemmodule = 'quiz'
                AND gi.itemnumber = 0 AND gi.locked = 0
          LEFT JOIN toolsync_item_double d ON d.id = gi.id
          STRAIGHT_JOIN {quiz} q ON q.id = gi.iteminstance
          JOIN {modules} m ON m.name = 'quiz' AND (m.visible = 1 OR NOT a.whole)
          STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = a.courseid AND cm.module = m.id AND cm.instance = q.id AND cm.deletioninprogress = 0
{%- if given("startdate") %}

          LEFT JOIN toolsync_shift s ON s.courseid = a.courseid
{%- endif %}

         WHERE d.id IS NULL AND NOT (a.whole AND gi.locktime > 0 AND gi.locktime < @now)) n
 WHERE n.hidden <> n.was;

-- when: toolsync_quiz_item
UPDATE toolsync_quiz_item w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.hidden = w.hidden, gi.timemodified = @now;
{% endif %}
