{# Write states of completion that grades make: rows of a table with seq, id (of the row that there is; NULL: none), moduleid, userid and completionstate. #}
{% macro complete(rows) %}
-- when: {{ rows }}
UPDATE {{ rows }} w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.completionstate = w.completionstate, done.timemodified = @now, done.overrideby = NULL;

-- when: {{ rows }}
-- chunks: {{ rows }}.seq
INSERT INTO {course_modules_completion} (coursemoduleid, userid, completionstate, overrideby, timemodified)
SELECT w.moduleid, w.userid, w.completionstate, NULL, @now
  FROM {{ rows }} w
 WHERE w.seq BETWEEN @first AND @last AND w.id IS NULL
 ORDER BY w.seq;
{% endmacro %}
