-- Mark the lines that can be done once their backup is restored.
{% if given("template") %}

-- python: backups_ready INTO toolsync_restored
SELECT t.line, k.path
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
  JOIN {course_categories} k ON k.id = t.category
 WHERE t.isnew;
{% endif %}
