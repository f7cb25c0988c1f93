-- Calendar events that go. A reset in Moodle deletes all events of the course and creates those of activities again; here these stay as they are.
{# An activity may have an override, and its events, for each person. #}
{% set of_person = "STRAIGHT_JOIN {event} e " ~ by_index("event", "userid") %}
{% set of_group = "STRAIGHT_JOIN {event} e " ~ by_index("event", "groupid") %}
CREATE TEMPORARY TABLE toolsync_gone_event (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, KEY (courseid));
{% if "events" in possible %}
CREATE TEMPORARY TABLE toolsync_event_kept (id BIGINT NOT NULL PRIMARY KEY);
{% for node, calendar in resets.facts("calendar") %}
{% set module = node.name.removesuffix("_overrides") %}
{% for type, column in calendar.items() %}

-- when: {{ node.part }}
INSERT IGNORE INTO toolsync_event_kept (id)
SELECT e.id
  FROM {{ node.part }} p
  JOIN {{ table(node.name) }} a ON a.id = p.id AND a.{{ column }} <> 0{{ "" if node.activity else " AND a.groupid > 0" }}
  {{ "JOIN {event} e" if node.activity else of_group }} ON e.modulename = '{{ module }}' AND e.instance = {{ "a.id" if node.activity else "a." ~ node.parents[0].column }} AND e.eventtype = '{{ type }}'
               AND e.courseid = p.courseid AND e.groupid = {{ "0" if node.activity else "a.groupid" }};
{% endfor %}
{% endfor %}

-- when: toolsync_of_course_modules
INSERT IGNORE INTO toolsync_event_kept (id)
SELECT e.id
  FROM toolsync_of_course_modules p
  JOIN {course_modules} cm ON cm.id = p.id AND cm.completionexpected <> 0
  JOIN {modules} m ON m.id = cm.module
  JOIN {event} e ON e.modulename = m.name AND e.instance = cm.instance AND e.eventtype = 'expectcompletionon' AND e.courseid = p.courseid;

INSERT INTO toolsync_gone_event (id, courseid)
SELECT e.id, a.courseid
  FROM toolsync_asked a
  JOIN {event} e ON e.courseid = a.courseid
  LEFT JOIN toolsync_event_kept k ON k.id = e.id
 WHERE a.name = 'events' AND k.id IS NULL;
{% endif %}
{% for node, calendar in resets.facts("calendar") if not node.activity %}
{% set module = node.name.removesuffix("_overrides") %}
{% for part, which in node.facts.reset.items() if part in possible %}
{% set who = "userid" if "userid" in which else "groupid" %}

-- Events of overrides that go{{ " (as in Moodle, those of assignments only if these have no such date themselves, or if all events go)" if module == "assign" }}.
-- when: toolsync_gone_{{ node.name }}
INSERT IGNORE INTO toolsync_gone_event (id, courseid)
SELECT e.id, g.courseid
  FROM toolsync_gone_{{ node.name }} g
  JOIN {{ table(node.name) }} o ON o.id = g.id AND o.{{ who }} IS NOT NULL{% if module == "assign" %}
  JOIN {assign} a ON a.id = o.assignid{% endif %}
  {{ of_person if who == "userid" else of_group }} ON e.modulename = '{{ module }}' AND e.instance = o.{{ node.parents[0].column }} AND e.{{ who }} = o.{{ who }}
               AND {{ "e.courseid = 0" if who == "userid" else "e.courseid = g.courseid" }}{% if module == "assign" %}
 WHERE a.duedate = 0 AND e.eventtype = 'due'
    OR EXISTS (SELECT 1 FROM toolsync_asked w WHERE w.courseid = e.courseid AND w.name = 'events'){% endif %};
{% endfor %}
{% endfor %}
