{# The grades that activities send to the gradebook again, once the rows that go are gone: toolsync_grade_back. #}
{% from "shared/grades/sent.sql" import items_columns, grades_columns, sent, insert, taking, knows with context %}
-- The grade items that take grades again: not those that are locked, or would be by now, or calculated, or several of one grade, unless the item itself is made anew.
CREATE TEMPORARY TABLE toolsync_item_taking (
    {{ items_columns }}
);

-- when: toolsync_item_reset
INSERT IGNORE INTO toolsync_item_taking (id, courseid, module, number, activityid, moduleid, highest)
SELECT s.id, s.courseid, gi.itemmodule, gi.itemnumber, gi.iteminstance, cm.id,
       IF(a.courseid IS NOT NULL AND gi.gradetype = 2 AND (sc.id IS NULL OR sc.courseid = s.courseid), 100, gi.grademax)
  FROM toolsync_item_reset s
  STRAIGHT_JOIN {grade_items} gi ON gi.id = s.id AND gi.itemtype = 'mod' AND gi.gradetype IN (1, 2)
  JOIN {modules} mo ON mo.name = gi.itemmodule AND mo.visible = 1
  STRAIGHT_JOIN {course_modules} cm {{ by_index("course_modules", "course") }} ON cm.course = s.courseid AND cm.module = mo.id AND cm.instance = gi.iteminstance
  LEFT JOIN {scale} sc ON sc.id = gi.scaleid
  LEFT JOIN toolsync_item_double d ON d.id = s.id
  LEFT JOIN toolsync_asked a ON a.courseid = s.courseid AND a.name = 'gradebook_items'
 WHERE s.whole AND cm.deletioninprogress = 0
   AND (a.courseid IS NOT NULL
        OR gi.locked = 0 AND NOT (gi.locktime > 0 AND gi.locktime < @now) AND COALESCE(gi.calculation, '') = '' AND gi.outcomeid IS NULL AND d.id IS NULL);

CREATE TEMPORARY TABLE toolsync_grade_back (
    {{ grades_columns }}
);
{% for node, of in resets.facts("grades") %}
{% for number, options in of.items() %}
{% if knows(node.name, number) %}
{{ sent(node.name, number, "toolsync_item_taking", "toolsync_grade_back") }}
{% else %}
{% set options = options | select("in", possible | list + resets.pairs(going) | map("first") | list) | list %}

-- What such an activity would send takes its own code to work out: the gradebook's raw grade says what it sent last.
{{ insert("toolsync_item_taking", "toolsync_grade_back") }}
SELECT t.courseid, t.id, gg.userid, gg.rawgrade, {{ "NULL, NULL, 2, NULL, NULL" if node.name == "scorm" else
       "gg.usermodified, IF(gg.overridden = 0, gg.feedback, NULL), IF(gg.overridden = 0, gg.feedbackformat, 2), gg.timecreated, gg.timemodified" }}
{{- taking(node.name, number, "toolsync_item_taking") }}
  STRAIGHT_JOIN {grade_grades} gg {{ by_index("grade_grades", "itemid") }} ON gg.itemid = t.id AND gg.rawgrade IS NOT NULL
{%- if options %}

 WHERE NOT EXISTS (SELECT 1 FROM toolsync_asked k WHERE k.courseid = t.courseid AND k.name IN ('{{ options | join("', '") }}'))
{%- endif %}

 ORDER BY gg.id;
{% endif %}
{% endfor %}
{% endfor %}
