{% from "courses_reset/terms.sql" import possible with context %}
-- Who had completed what, before the reset takes it away: it was so that conditions were met which Tool Sync can't check.
CREATE TEMPORARY TABLE toolsync_complete_before (moduleid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (moduleid, userid));
{% if given("grades") and "completion" in possible %}

-- when: toolsync_gone_course_modules_completion
INSERT INTO toolsync_complete_before (moduleid, userid)
SELECT done.coursemoduleid, done.userid
  FROM toolsync_gone_course_modules_completion g
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = g.id AND done.completionstate <> 0 AND done.overrideby IS NULL
  STRAIGHT_JOIN {course_modules} cm ON cm.id = done.coursemoduleid AND cm.completion = 2;
{% endif %}
