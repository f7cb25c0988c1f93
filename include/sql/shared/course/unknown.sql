-- Plugins that the courses in toolsync_of_course contain and the course graph does not know: toolsync_unknown (courseid, what).
-- `activities_only`: look at activities only, so the rows of other tables need not be collected. `again`: drop the table of an earlier check first.
{% set graph = course_graph() %}
{% if again is defined %}
DROP TEMPORARY TABLE IF EXISTS toolsync_unknown;

{% endif %}
CREATE TEMPORARY TABLE toolsync_unknown (courseid BIGINT NOT NULL, what VARCHAR(255) NOT NULL, PRIMARY KEY (courseid, what));

INSERT IGNORE INTO toolsync_unknown (courseid, what)
SELECT p.courseid, CONCAT('activity ', COALESCE(m.name, CONCAT('of module ', cm.module)))
  FROM toolsync_of_course p
  JOIN {course_modules} cm ON cm.course = p.id
  LEFT JOIN {modules} m ON m.id = cm.module
 WHERE m.name IS NULL OR m.name NOT IN ('{{ graph.activities | join("', '") }}');
{% for what, kind in graph.kinds.items() if kind.table in graph.tables and activities_only is not defined %}

-- when: toolsync_of_{{ kind.table }}
INSERT IGNORE INTO toolsync_unknown (courseid, what)
SELECT p.courseid, CONCAT('{{ what }} ', t.{{ kind.column }})
  FROM toolsync_of_{{ kind.table }} p
  JOIN {{ table(kind.table) }} t ON t.id = p.id
 WHERE t.{{ kind.column }} <> ''{{ " AND " ~ kind.when if "when" in kind else "" }}
   AND t.{{ kind.column }} NOT IN ('{{ kind.known | join("', '") }}');
{% endfor %}
