-- The course starts on another day, and its dates shift by the difference.
{% if given("startdate") %}
{% from "courses_reset/terms.sql" import resets, possible with context %}
CREATE TEMPORARY TABLE toolsync_shift (courseid BIGINT NOT NULL PRIMARY KEY, seconds BIGINT NOT NULL, startdate BIGINT NOT NULL);

INSERT INTO toolsync_shift (courseid, seconds, startdate)
SELECT r.courseid, r.shift, r.startdate FROM toolsync_row r WHERE r.status IS NULL AND r.shift <> 0;

-- The end date only moves to a later date.
-- when: toolsync_shift
UPDATE toolsync_shift s
  STRAIGHT_JOIN {course} c ON c.id = s.courseid
   SET c.startdate = s.startdate, c.enddate = IF(s.seconds > 0 AND c.enddate <> 0, c.enddate + s.seconds, c.enddate);
{% for node, columns in resets.dated() %}
{% set needs = node.facts.dates_with_options is defined %}
{% set options = resets.of_module(node.name) | map(attribute="name") | select("in", possible) | list if needs else [] %}
{% set here = [] %}
{% for column in columns if site_has(node.name, column) %}{% set _ = here.append(column) %}{% endfor %}
{% if here and (options or not needs) %}

CREATE TEMPORARY TABLE toolsync_dated_{{ node.name }} (id BIGINT NOT NULL PRIMARY KEY, seconds BIGINT NOT NULL);

-- when: toolsync_shift
-- when: {{ node.part }}
INSERT INTO toolsync_dated_{{ node.name }} (id, seconds)
SELECT t.id, s.seconds
  FROM toolsync_shift s
  JOIN {{ node.part }} p ON p.courseid = s.courseid
  JOIN {{ table(node.name) }} t ON t.id = p.id
 WHERE ({% for column in here %}{{ " OR " if not loop.first }}t.{{ column }} <> 0{% endfor %})
{%- if needs %} AND EXISTS (SELECT 1 FROM toolsync_asked a WHERE a.courseid = p.courseid AND a.name IN ('{{ options | join("', '") }}')){% endif %};

-- when: toolsync_dated_{{ node.name }}
UPDATE toolsync_dated_{{ node.name }} w
  STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = w.id
   SET {% for column in here %}{{ ", " if not loop.first }}t.{{ column }} = IF(t.{{ column }} <> 0, t.{{ column }} + w.seconds, t.{{ column }}){% endfor %};
{% endif %}
{% endfor %}

-- Expected completion, and the date that completes the course.
{% for name, column, condition in [
    ("course_modules", "completionexpected", "t.completion <> 0 AND t.completionexpected <> 0"),
    ("course_completion_criteria", "timeend", "t.criteriatype = 2"),
  ] %}
CREATE TEMPORARY TABLE toolsync_{{ column }} (id BIGINT NOT NULL PRIMARY KEY, seconds BIGINT NOT NULL);

-- when: toolsync_shift
INSERT INTO toolsync_{{ column }} (id, seconds)
SELECT t.id, s.seconds
  FROM toolsync_shift s
  JOIN {{ table(name) }} t ON t.course = s.courseid
 WHERE {{ condition }} AND {{ setting("enablecompletion") }} = '1';

-- when: toolsync_{{ column }}
UPDATE toolsync_{{ column }} w
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id
   SET t.{{ column }} = COALESCE(t.{{ column }}, 0) + w.seconds;

{% endfor %}
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
UPDATE toolsync_{{ name }}_dates d
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = d.id
   SET t.availability = d.availability{{ ", t.timemodified = @now" if name == "course_sections" }};
{% endfor %}

-- The calendar: events of the course and its groups shift, those of activities take the activity's date.
CREATE TEMPORARY TABLE toolsync_event_shift (id BIGINT NOT NULL PRIMARY KEY, seconds BIGINT NOT NULL);

-- when: toolsync_shift
INSERT INTO toolsync_event_shift (id, seconds)
SELECT e.id, s.seconds
  FROM toolsync_shift s
  JOIN {event} e ON e.courseid = s.courseid
 WHERE e.instance = 0;

-- when: toolsync_event_shift
UPDATE toolsync_event_shift w
  STRAIGHT_JOIN {event} e ON e.id = w.id
   SET e.timestart = e.timestart + w.seconds;

CREATE TEMPORARY TABLE toolsync_event_date (id BIGINT NOT NULL PRIMARY KEY, timestart BIGINT NOT NULL, timesort BIGINT NOT NULL);
{% for node, calendar in resets.facts("calendar") %}
{% set module = node.name.removesuffix("_overrides") %}
{% for type, column in calendar.items() if site_has(node.name, column) %}
{% for who in ["userid", "groupid"] if not node.activity or who == "userid" %}

-- when: toolsync_shift
-- when: {{ node.part }}
INSERT INTO toolsync_event_date (id, timestart, timesort)
SELECT e.id, a.{{ column }}, a.{{ column }} + e.timeduration
  FROM toolsync_shift s
  JOIN {{ node.part }} p ON p.courseid = s.courseid
  JOIN {{ table(node.name) }} a ON a.id = p.id AND a.{{ column }} <> 0
  JOIN {event} e ON e.modulename = '{{ module }}' AND e.instance = {{ "a.id" if node.activity else "a." ~ node.parents[0].column }} AND e.eventtype = '{{ type }}'
               {%- if not node.activity %} AND e.{{ who }} = a.{{ who }}{% endif %}

 WHERE {{ "e.courseid <> 0 AND e.groupid = 0" if node.activity else "e.courseid = 0 AND e.userid <> 0" if who == "userid" else "e.groupid <> 0" }}
    ON DUPLICATE KEY UPDATE timestart = VALUES(timestart), timesort = VALUES(timesort);
{% endfor %}
{% endfor %}
{% endfor %}

-- when: toolsync_shift
-- when: toolsync_of_course_modules
INSERT INTO toolsync_event_date (id, timestart, timesort)
SELECT e.id, cm.completionexpected, cm.completionexpected
  FROM toolsync_shift s
  JOIN {course_modules} cm ON cm.course = s.courseid AND cm.completionexpected <> 0
  JOIN {modules} m ON m.id = cm.module
  JOIN {event} e ON e.modulename = m.name AND e.instance = cm.instance AND e.eventtype = 'expectcompletionon' AND e.courseid = cm.course
    ON DUPLICATE KEY UPDATE timestart = VALUES(timestart), timesort = VALUES(timesort);

-- when: toolsync_event_date
UPDATE toolsync_event_date w
  STRAIGHT_JOIN {event} e ON e.id = w.id
   SET e.timestart = w.timestart, e.timesort = w.timesort, e.timemodified = @now;
{% endif %}
