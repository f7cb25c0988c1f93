{% from "undo/terms.sql" import seen, told, ties, leave_out with context %}
{% set ids = "toolsync_unmake_" %}
{% for name, what in undone.items() if what.made %}

-- Rows that are gone already.
{{ leave_out("SELECT m.id FROM toolsync_unmake_" ~ name ~ " m LEFT JOIN " ~ table(name) ~ " t ON t.id = m.id WHERE t.id IS NULL", [ids ~ name]) }}
{% endfor %}

-- Rows that the run made stay if somebody changed them since, or if other rows refer to them that don't go with them. What hangs on others comes first.
{% for name in undone | reverse if undone[name].made %}
{% if not option.overwrite_changes %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, m.toolsync_line, 'made', 'somebody changed it since'
  FROM toolsync_unmake_{{ name }} m
  JOIN {{ table(name) }} t ON t.id = m.id
 WHERE m.hash <> {{ hash_of(undone[name].hashed) }};
{% endif %}

-- @lowest: the lowest id of a row of this table that the run made; NULL: it made none
-- @highest: the highest
SELECT MIN(m.id), MAX(m.id) INTO @lowest, @highest FROM toolsync_unmake_{{ name }} m;
{% for one in references_to(name) if one.table not in seen + told and not one.table.endswith("_history") and not one.table.startswith("logstore_") and one.table != "context" %}
{% set mine = one.table in undone and undone[one.table].made %}
{% set moves = one.table in undone and one.column in undone[one.table].changed %}
{% if one.table == name %}

INSERT INTO toolsync_these (id)
SELECT m.id FROM toolsync_unmake_{{ name }} m;
{% endif %}

-- when: toolsync_unmake_{{ name }}
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', m.id, MIN(m.toolsync_line), 'made', CONCAT('in use: {{ one.table }} ', MIN(x.id), ' refers to it')
  FROM {{ table(one.table) }} x {{ by_index(one.table, one.column) }}
  STRAIGHT_JOIN toolsync_unmake_{{ name }} m ON m.id = x.`{{ one.column }}`
{% if mine %}
  LEFT JOIN {{ "toolsync_these" if one.table == name else ids ~ one.table }} k ON k.id = x.id
{% endif %}
{% if moves %}
  LEFT JOIN toolsync_was_{{ one.table }} v ON v.id = x.id AND NOT (v.`{{ one.column }}` <=> x.`{{ one.column }}`)
{% endif %}
 WHERE x.`{{ one.column }}` BETWEEN @lowest AND @highest{{ " AND k.id IS NULL" if mine }}{{ " AND v.id IS NULL" if moves }}
 GROUP BY m.id;
{% if one.table == name %}

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endif %}
{% endfor %}
{% if name == "user_enrolments" %}

-- People have been in the course since, or have grades there, and nothing else enrols them.
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person has been in the course since'
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid
  JOIN {user_lastaccess} a ON a.userid = m.userid AND a.courseid = e.courseid AND a.timeaccess > @made
  LEFT JOIN {enrol} o ON o.courseid = e.courseid AND o.id <> e.id
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = o.id AND ue.userid = m.userid
 GROUP BY m.id
HAVING COUNT(ue.id) = 0;

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT 'user_enrolments', m.id, m.toolsync_line, 'made', 'the person has grades in the course'
  FROM toolsync_unmake_user_enrolments m
  JOIN {enrol} e ON e.id = m.enrolid
  JOIN {grade_items} gi ON gi.courseid = e.courseid
  JOIN {grade_grades} gg ON gg.itemid = gi.id AND gg.userid = m.userid AND (gg.rawgrade IS NOT NULL OR gg.overridden <> 0 OR COALESCE(gg.feedback, '') <> '') AND gg.timemodified > @made
  LEFT JOIN {enrol} o ON o.courseid = e.courseid AND o.id <> e.id
  LEFT JOIN {user_enrolments} ue ON ue.enrolid = o.id AND ue.userid = m.userid
 GROUP BY m.id
HAVING COUNT(ue.id) = 0;
{% endif %}

{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "'", [ids ~ name]) }}
{% endfor %}

-- What was made as part of something that stays, stays with it.
CREATE TEMPORARY TABLE toolsync_with (id BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, reason VARCHAR(255) NOT NULL);
{% for name, what in undone.items() if what.made and name not in ties %}
{% for one in references_of(name) if one.target in undone and undone[one.target].made %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_with (id, line, reason)
SELECT m.id, m.toolsync_line, CONCAT('it belongs to {{ one.target }} ', s.id, ', which stays')
  FROM toolsync_unmake_{{ name }} m
  JOIN {{ table(name) }} t ON t.id = m.id
  JOIN toolsync_stays s ON s.name = '{{ one.target }}' AND s.what = 'made' AND s.id = t.`{{ one.column }}`{{ " AND t.contextlevel = " ~ one.level if one.level }};
{% endfor %}

-- when: toolsync_with
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.line, 'made', w.reason FROM toolsync_with w;

-- when: toolsync_with
DELETE m FROM toolsync_unmake_{{ name }} m JOIN toolsync_with w ON w.id = m.id;

-- when: toolsync_with
DELETE FROM toolsync_with;
{% endfor %}
