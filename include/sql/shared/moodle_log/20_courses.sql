{% from "shared/moodle_log/event.sql" import differs, event %}
{{ event("course_category", "created", "c", "course_categories") }}, m.id, 40, m.id, 0, NULL, 'null'
FROM toolsync_log_made_course_categories m ORDER BY m.id;

{{ event("course_category", "updated", "u", "course_categories") }}, b.id, 40, b.id, 0, NULL, 'null'
FROM toolsync_log_changed_course_categories b
JOIN {course_categories} t ON t.id = b.id
WHERE {{ differs("b", "t", ["name", "idnumber", "description", "descriptionformat", "parent", "visible", "theme"]) }} ORDER BY b.id;

{{ event("course", "created", "c", "course", level=1) }}, c.id, 50, c.id, c.id, NULL, JSON_OBJECT('shortname', c.shortname, 'fullname', c.fullname)
FROM toolsync_log_made_course m
JOIN {course} c ON c.id = m.id ORDER BY c.id;

{{ event("course_section", "created", "c", "course_sections", level=1) }}, s.id, 50, s.course, s.course, NULL, JSON_OBJECT('sectionnum', s.section)
FROM toolsync_log_made_course_sections m
JOIN {course_sections} s ON s.id = m.id ORDER BY s.id;

{{ event("enrol_instance", "created", "c", "enrol") }}, e.id, 50, e.courseid, e.courseid, NULL, JSON_OBJECT('enrol', e.enrol)
FROM toolsync_log_made_enrol m
JOIN {enrol} e ON e.id = m.id ORDER BY e.id;

{% set settings = columns_of("course") | reject("in", ["id", "sortorder", "cacherev", "timemodified", "visibleold"]) | list %}
INSERT IGNORE INTO toolsync_log_settings (id)
SELECT c.id FROM toolsync_log_changed_course b
JOIN {course} c ON c.id = b.id
WHERE {{ differs("b", "c", settings) }};

{% for change in ("changed", "gone") %}
INSERT IGNORE INTO toolsync_log_settings (id)
SELECT o.courseid FROM toolsync_log_{{ change }}_course_format_options o;

INSERT IGNORE INTO toolsync_log_settings (id)
SELECT c.instanceid FROM toolsync_log_{{ change }}_customfield_data d
JOIN {context} c ON c.id = d.contextid
WHERE c.contextlevel = 50;

INSERT IGNORE INTO toolsync_log_settings (id)
SELECT i.itemid FROM toolsync_log_{{ change }}_tag_instance i WHERE i.component = 'core' AND i.itemtype = 'course';

{% endfor %}
INSERT IGNORE INTO toolsync_log_settings (id)
SELECT o.courseid FROM toolsync_log_made_course_format_options m
JOIN {course_format_options} o ON o.id = m.id;

INSERT IGNORE INTO toolsync_log_settings (id)
SELECT c.instanceid FROM toolsync_log_made_customfield_data m
JOIN {customfield_data} d ON d.id = m.id
JOIN {context} c ON c.id = d.contextid
WHERE c.contextlevel = 50;

INSERT IGNORE INTO toolsync_log_settings (id)
SELECT i.itemid FROM toolsync_log_made_tag_instance m
JOIN {tag_instance} i ON i.id = m.id
WHERE i.component = 'core' AND i.itemtype = 'course';

DELETE w FROM toolsync_log_settings w
JOIN toolsync_log_made_course m ON m.id = w.id;

-- Which settings of its own row were changed, and to what. Places and times follow by themselves.
{{ event("course", "updated", "u", "course", level=1) }}, c.id, 50, c.id, c.id, NULL,
  CONCAT('{"shortname":', JSON_QUOTE(c.shortname), ',"fullname":', JSON_QUOTE(c.fullname), ',"updatedfields":', COALESCE(CONCAT('{', NULLIF(CONCAT_WS(','
{% for column in settings %}
  , CASE WHEN b.id IS NOT NULL AND {{ differs("b", "c", [column]) }} THEN CONCAT('"{{ column }}":', COALESCE(JSON_QUOTE(CAST(c.`{{ column }}` AS CHAR)), 'null')) END
{% endfor %}
  ), ''), '}'), '[]'), '}')
FROM toolsync_log_settings w
JOIN {course} c ON c.id = w.id
LEFT JOIN toolsync_log_changed_course b ON b.id = w.id ORDER BY c.id;

{{ event("course_section", "updated", "u", "course_sections", level=1) }}, s.id, 50, s.course, s.course, NULL, JSON_OBJECT('sectionnum', s.section)
FROM toolsync_log_changed_course_sections b
JOIN {course_sections} s ON s.id = b.id
WHERE {{ differs("b", "s", ["name", "summary", "summaryformat", "visible", "availability"]) }} ORDER BY s.id;

{{ event("enrol_instance", "updated", "u", "enrol") }}, e.id, 50, e.courseid, e.courseid, NULL, JSON_OBJECT('enrol', e.enrol)
FROM toolsync_log_changed_enrol b
JOIN {enrol} e ON e.id = b.id
WHERE {{ differs("b", "e", columns_of("enrol") | reject("in", ["id", "sortorder", "timemodified"]) | list) }} ORDER BY e.id;
