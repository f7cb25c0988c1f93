-- Activities that nobody has opened may have no context yet. Moodle creates it when it resets them.
{% from "courses_reset/terms.sql" import resets, possible with context %}
CREATE TEMPORARY TABLE toolsync_context_missing (moduleid BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);
{% for node, options in resets.facts("contexts") if options | select("in", possible) | list %}

-- when: toolsync_of_course_modules
INSERT IGNORE INTO toolsync_context_missing (moduleid, courseid)
SELECT cm.id, p.courseid
  FROM toolsync_asked a
  JOIN toolsync_of_course_modules p ON p.courseid = a.courseid
  JOIN {modules} m ON m.name = '{{ node.name }}'
  JOIN {course_modules} cm ON cm.id = p.id AND cm.module = m.id
  LEFT JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id
 WHERE x.id IS NULL AND a.name IN ('{{ options | join("', '") }}');
{% endfor %}
