{#
  Lines `l` that need no operations, because the course has one usable method `m` of that name only. 20_plain_lines.sql does them.
  added     somebody comes into the course, and into groups
  removed   somebody leaves the course
  plain     one of them
  no_group  says of a group `k` (toolsync_group_alike) that the course has none so called

  Of a line `r`: its command, `cmd`, and the enrolment method that it means, `method`; NULL: every method.
#}
{% set cmd = "LOWER(COALESCE(NULLIF(r.cmd, ''), '" ~ option.default_cmd ~ "'))" %}
{% set method = "LEFT(COALESCE(NULLIF(r.enrol, ''), IF(" ~ cmd ~ " IN ('enable', 'disable'), NULL, '" ~ option.default_method ~ "')), 100)" %}
{% set added = "(l.command = 'add' AND m.usable AND m.choices = 1 AND COALESCE(l.groupcommand, 'gadd') IN ('gadd', 'gaddcreate') AND COALESCE(l.userid <> @guest, 1))" %}
{% set removed = "(l.command = 'del' AND m.usable AND m.choices = 1 AND l.groupcommand IS NULL AND l.contextid IS NOT NULL)" %}
{% set no_group = "CONCAT('this course has no such group', COALESCE(CONCAT(', only ', k.alike, ', which looks like it'), ''))" %}
{% set plain = "(" ~ added ~ " OR " ~ removed ~ ")" %}
