-- The course starts on another day, and its dates shift by the difference.
{% if given("startdate") %}
{% from "courses_reset/terms.sql" import resets, possible with context %}
CREATE TEMPORARY TABLE toolsync_shift (courseid BIGINT NOT NULL PRIMARY KEY, seconds BIGINT NOT NULL);

INSERT INTO toolsync_shift (courseid, seconds)
SELECT r.courseid, r.shift FROM toolsync_row r WHERE r.status IS NULL AND r.shift <> 0;

-- The end date only moves to a later date.
-- when: toolsync_shift
UPDATE {course} c
  JOIN toolsync_shift s ON s.courseid = c.id
   SET c.startdate = c.startdate + s.seconds, c.enddate = IF(s.seconds > 0 AND c.enddate <> 0, c.enddate + s.seconds, c.enddate);
{% for node, columns in resets.dated() %}
{% set needs = node.facts.dates_with_options is defined %}
{% set options = resets.of_module(node.name) | map(attribute="name") | select("in", possible) | list if needs else [] %}
{% if options or not needs %}
{% for column in columns if site_has(node.name, column) %}

-- when: toolsync_shift
UPDATE {{ table(node.name) }} t
  JOIN {{ node.part }} p ON p.id = t.id
  JOIN toolsync_shift s ON s.courseid = p.courseid
   SET t.{{ column }} = t.{{ column }} + s.seconds
 WHERE t.{{ column }} <> 0{% if needs %} AND EXISTS (SELECT 1 FROM toolsync_asked a WHERE a.courseid = p.courseid AND a.name IN ('{{ options | join("', '") }}')){% endif %};
{% endfor %}
{% endif %}
{% endfor %}

-- Expected completion, and the date that completes the course.
-- when: toolsync_shift
UPDATE {course_modules} cm
  JOIN toolsync_shift s ON s.courseid = cm.course
   SET cm.completionexpected = cm.completionexpected + s.seconds
 WHERE cm.completion <> 0 AND cm.completionexpected <> 0 AND {{ setting("enablecompletion") }} = '1';

-- when: toolsync_shift
UPDATE {course_completion_criteria} k
  JOIN toolsync_shift s ON s.courseid = k.course
   SET k.timeend = COALESCE(k.timeend, 0) + s.seconds
 WHERE k.criteriatype = 2 AND {{ setting("enablecompletion") }} = '1';
{% for name in ["course_modules", "course_sections"] %}

-- Restrictions by date.
CREATE TEMPORARY TABLE toolsync_{{ name }}_dates (id BIGINT NOT NULL PRIMARY KEY, availability LONGTEXT NOT NULL);

-- when: toolsync_shift
-- python: shift_restrictions INTO toolsync_{{ name }}_dates
SELECT t.id, s.seconds, t.availability
  FROM toolsync_shift s
  JOIN {{ table(name) }} t ON t.course = s.courseid
 WHERE t.availability LIKE '%"date"%' AND {{ setting("enableavailability") }} = '1';

-- when: toolsync_{{ name }}_dates
UPDATE {{ table(name) }} t
  JOIN toolsync_{{ name }}_dates d ON d.id = t.id
   SET t.availability = d.availability{{ ", t.timemodified = @now" if name == "course_sections" }};
{% endfor %}

-- The calendar: events of the course and its groups shift, those of activities take the activity's date.
-- when: toolsync_shift
UPDATE {event} e
  JOIN toolsync_shift s ON s.courseid = e.courseid
   SET e.timestart = e.timestart + s.seconds
 WHERE e.instance = 0;
{% for node, calendar in resets.facts("calendar") %}
{% set module = node.name.removesuffix("_overrides") %}
{% for type, column in calendar.items() if site_has(node.name, column) %}
{% for who in ["userid", "groupid"] if not node.activity or who == "userid" %}

-- when: {{ node.part }}
UPDATE {event} e
  JOIN {{ table(node.name) }} a ON e.instance = {{ "a.id" if node.activity else "a." ~ node.parents[0].column }}{{ "" if node.activity else " AND e." ~ who ~ " = a." ~ who }}
  JOIN {{ node.part }} p ON p.id = a.id
  JOIN toolsync_shift s ON s.courseid = p.courseid
   SET e.timestart = a.{{ column }}, e.timesort = a.{{ column }} + e.timeduration, e.timemodified = @now
 WHERE e.modulename = '{{ module }}' AND e.eventtype = '{{ type }}' AND a.{{ column }} <> 0
   AND {{ "e.courseid <> 0 AND e.groupid = 0" if node.activity else "e.courseid = 0 AND e.userid <> 0" if who == "userid" else "e.groupid <> 0" }};
{% endfor %}
{% endfor %}
{% endfor %}

-- when: toolsync_of_course_modules
UPDATE {event} e
  JOIN {modules} m ON m.name = e.modulename
  JOIN {course_modules} cm ON cm.module = m.id AND cm.instance = e.instance AND cm.completionexpected <> 0
  JOIN toolsync_shift s ON s.courseid = cm.course
   SET e.timestart = cm.completionexpected, e.timesort = cm.completionexpected, e.timemodified = @now
 WHERE e.eventtype = 'expectcompletionon' AND e.courseid = cm.course;
{% endif %}
