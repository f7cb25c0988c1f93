{#
  quick   a line `l` that adds somebody by the course's only usable method `m` of that name: 20_additions.sql does it. All others go through the operations
          of 30_wishes.sql.
#}
{% set quick = "(l.command = 'add' AND m.usable AND m.choices = 1 AND COALESCE(l.groupcommand, 'gadd') IN ('gadd', 'gaddcreate') AND COALESCE(l.userid <> @guest, 1))" %}
