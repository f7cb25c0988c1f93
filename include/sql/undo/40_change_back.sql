{% from "undo/terms.sql" import same with context %}
-- Give rows their old values where they still have those that the run gave them.
{% for name, what in undone.items() if what.changed %}

UPDATE toolsync_was_{{ name }} w
  STRAIGHT_JOIN toolsync_became_{{ name }} b ON b.id = w.id
  STRAIGHT_JOIN {{ table(name) }} t ON t.id = w.id
   SET {% for column in what.changed %}{{ ",\n       " if not loop.first }}t.`{{ column }}` = IF({{ same(column, "w", "b") }}{% if not (option.overwrite_changes and column in what.loud) %} OR NOT ({{ same(column, "t", "b") }}){% endif %}, t.`{{ column }}`, w.`{{ column }}`){% endfor %};
{% endfor %}
