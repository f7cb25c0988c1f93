{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import seen with context %}
-- Delete the rows that the run made, what hangs on others first, with what only says that somebody looked at them, and with what Moodle works out.
{% for name in undone | reverse if undone[name].made %}
{% for one in references_to(name) if one.table in seen or one.table == "context" %}

DELETE x
  FROM toolsync_unmake_{{ name }} m
  STRAIGHT_JOIN {{ table(one.table) }} x {{ by_index(one.table, "contextlevel", one.column) if one.level else by_index(one.table, one.column) }} ON {{ "x.contextlevel = " ~ one.level ~ " AND " if one.level }}x.`{{ one.column }}` = m.id;
{% endfor %}
{% if name == "grade_items" %}

DELETE x
  FROM toolsync_unmake_grade_items m
  STRAIGHT_JOIN {grade_grades} x {{ by_index("grade_grades", "itemid") }} ON x.itemid = m.id
 WHERE {{ computed("x") }};
{% endif %}

DELETE t FROM toolsync_unmake_{{ name }} m STRAIGHT_JOIN {{ table(name) }} t ON t.id = m.id;
{% endfor %}
