{#
  graph      the course graph of the site
  resets     what it says about resets
  possible   the options of Moodle's reset form that the columns of the file may ask for
  going      the rows that these options delete, by table
  gone       the names of the tables that may lose rows
#}
{% set graph = course_graph() %}
{% set resets = course_resets() %}
{% set possible = resets.possible(given) %}
{% set going = resets.removals(possible) %}
{% set gone = going | map(attribute="table.name") | unique | list + ["event"] %}
