{% from "undo/terms.sql" import noun, once, since, alone, filled, same, as_before, undisturbed, leave_out with context %}
-- Rows whose old values can't come back.
{% for name, what in undone.items() if what.changed %}
{% set both = ["toolsync_was_" ~ name, "toolsync_became_" ~ name] %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.toolsync_line, 'changed', 'it is gone: somebody deleted it since'
  FROM toolsync_was_{{ name }} w
  LEFT JOIN {{ table(name) }} t ON t.id = w.id
 WHERE t.id IS NULL;
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'changed'", both) }}
{% for one in references_of(name) if one.column in what.changed %}

-- What it would refer to again is gone.
INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.toolsync_line, 'changed', CONCAT('{{ noun(one.target) }} with the id ', w.`{{ one.column }}`, ', to which it would belong again, is gone')
  FROM toolsync_was_{{ name }} w
  JOIN toolsync_became_{{ name }} b ON b.id = w.id AND NOT (w.`{{ one.column }}` <=> b.`{{ one.column }}`)
  LEFT JOIN {{ table(one.target) }} p ON p.id = w.`{{ one.column }}`
{% if one.target in undone and undone[one.target].deleted %}
  LEFT JOIN toolsync_back_{{ one.target }} k ON k.id = w.`{{ one.column }}`
{% endif %}
 WHERE w.`{{ one.column }}` > 0 AND p.id IS NULL{{ " AND k.id IS NULL" if one.target in undone and undone[one.target].deleted }};
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'changed'", both) }}
{% endfor %}
{% for key in unique_keys(name) + once.get(name, []) if key | select("in", what.changed) | list %}

-- Another row has by now what is there once only.
INSERT INTO toolsync_these (id) SELECT w.id FROM toolsync_was_{{ name }} w;

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.toolsync_line, 'changed', CONCAT('{{ noun(name) }} with the id ', MIN(o.id), ' has its {{ key | join(", ") }} by now')
  FROM toolsync_was_{{ name }} w
  JOIN toolsync_became_{{ name }} b ON b.id = w.id
  JOIN {{ table(name) }} t ON t.id = w.id
  JOIN {{ table(name) }} o ON o.id <> t.id{% for column in key %} AND o.`{{ column }}` = {% if column in what.changed %}IF({{ same(column, "w", "b") }}, t.`{{ column }}`, w.`{{ column }}`){% else %}t.`{{ column }}`{% endif %}{% endfor %}

  LEFT JOIN toolsync_these k ON k.id = o.id
{% if what.made %}
  LEFT JOIN toolsync_unmake_{{ name }} m ON m.id = o.id
{% endif %}
 WHERE k.id IS NULL{{ " AND m.id IS NULL" if what.made }}{% if name in once and key in once[name] %}{{ filled(key, "o") }}{{ alone(name, key, "t", "o") }}{% endif %}{{ since(name, key, "o") }}

   AND ({% for column in key | select("in", what.changed) %}{{ " OR " if not loop.first }}NOT ({{ same(column, "w", "b") }}){% endfor %})
 GROUP BY w.id;

DELETE FROM toolsync_these;
{{ leave_out("SELECT s.id FROM toolsync_stays s WHERE s.name = '" ~ name ~ "' AND s.what = 'changed'", both) }}
{% endfor %}

-- Rows that are as they were already.
{{ leave_out("SELECT w.id FROM toolsync_was_" ~ name ~ " w JOIN " ~ table(name) ~ " t ON t.id = w.id JOIN toolsync_became_" ~ name ~ " b ON b.id = w.id WHERE " ~ as_before(what.changed), both) }}
{% if not option.overwrite_changes and what.loud %}

INSERT IGNORE INTO toolsync_stays (name, id, line, what, reason)
SELECT '{{ name }}', w.id, w.toolsync_line, 'value',
       CONCAT('somebody changed since: ', CONCAT_WS(', '{% for column in what.loud %}, IF({{ undisturbed(column) }}, NULL, '{{ column }}'){% endfor %}))
  FROM toolsync_was_{{ name }} w
  JOIN toolsync_became_{{ name }} b ON b.id = w.id
  JOIN {{ table(name) }} t ON t.id = w.id
 WHERE {% for column in what.loud %}{{ "\n    OR " if not loop.first }}NOT ({{ undisturbed(column) }}){% endfor %};
{% endif %}
{% endfor %}
