-- Delete the content of courses that get their template's. People stay, with their roles.
{% from "courses/terms.sql" import replaces with context %}
{% if replaces %}
{% set parts = course_graph().replaceable %}
{% from "shared/course/undo.sql" import begin with context %}
{% set changing = ["badge", "bigbluebuttonbn_recordings"] %}
{% set kept = parts.root_to_leaf | selectattr("remains") | map(attribute="name") | reject("in", changing) | list %}
{{ begin(kept + changing + ["config"]) }}
{% for name in kept %}

-- when: toolsync_kept_{{ name }}
INSERT INTO toolsync_before_{{ name }}
SELECT k.courseid, t.* FROM toolsync_kept_{{ name }} k JOIN {{ table(name) }} t ON t.id = k.id
{%- if name == "files" %} LEFT JOIN toolsync_alias a ON a.id = k.id WHERE a.id IS NULL{% endif %};
{% endfor %}

{% with these="toolsync_kept_course" %}{% include "shared/course/badges.sql" %}{% endwith %}

{% include "shared/course/take.sql" %}

-- By the rules of an old version only the grades of the old content were calculated.
INSERT INTO toolsync_before_config
SELECT k.courseid, t.* FROM toolsync_kept_course k JOIN {config} t ON t.name = CONCAT('gradebook_calculations_freeze_', k.courseid);

DELETE t FROM toolsync_before_config w STRAIGHT_JOIN {config} t ON t.id = w.id;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'settings' FROM toolsync_before_config w LIMIT 1;

-- when: toolsync_kept_course
UPDATE toolsync_kept_course k STRAIGHT_JOIN {course} c ON c.id = k.id SET c.summary = '', c.legacyfiles = 0, c.defaultgroupingid = 0;

UPDATE toolsync_was_course c JOIN toolsync_kept_course k ON k.id = c.id SET c.summary = '', c.legacyfiles = 0, c.defaultgroupingid = 0;

-- Where the line gives no value, the emptied course's counts.
-- when: toolsync_kept_course
UPDATE toolsync_course t
  JOIN toolsync_kept_course k ON k.id = t.id
  JOIN toolsync_row r ON r.line = t.line
   SET t.summary = COALESCE(r.summary, ''), t.legacyfiles = COALESCE(r.legacyfiles, 0), t.defaultgroupingid = 0;
{% for topic in ["courses", "groups", "completion", "overrides", "glossary", "grade_categories"] %}

-- when: toolsync_kept_course
INSERT IGNORE INTO toolsync_stale (topic) SELECT '{{ topic }}' FROM toolsync_kept_course k LIMIT 1;
{% endfor %}
{% endif %}
