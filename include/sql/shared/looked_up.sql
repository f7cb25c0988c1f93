{#
  Lines whose value names nothing, or several things, fail. `looked_up` has for each value: the column of the file, the column of toolsync_line with the number of
  matches, the thing with its article, without it, several of them, and the field that identifies it.
#}
{% for column, count, a, one, several, by in looked_up %}
UPDATE toolsync_row r
  JOIN toolsync_line l ON l.line = r.line
   SET r.status = 'failed', r.field = '{{ column }}',
       r.message = CASE WHEN COALESCE(r.{{ column }}, '') = '' THEN 'expected the {{ by }} of {{ a }}'
                        WHEN l.{{ count }} = 0 THEN 'no {{ one }} has this {{ by }}'
                        ELSE CONCAT(l.{{ count }}, ' {{ several }} have this {{ by }}') END
 WHERE r.status IS NULL AND l.{{ count }} <> 1;
{% endfor %}
