{#
  final        the final grade of a row `b` of sent grades (sent.sql) in its grade item `gi`, as grade_item::adjust_raw_grade works it out. Reads @over
  over         what @over is: how many times the maximum of its item a grade may be
  to_pass      whether an activity `cm` has to be passed
  of_quiz()    joins the quiz `q` of a grade item `gi`, for …
  unseen       … whether students don't see the grades of the item: a quiz says so before it sends them
  state(score, fresh, secret)   what a grade makes of its activity: complete 1, passed 2, failed 3, incomplete 0. fresh: a condition: the item is new, and has no
                                grade to pass. secret: a condition: `unseen` if it is not given
#}
{% from "shared/grades/quiz_hidden.sql" import hidden with context %}
{% set final %}
CASE WHEN b.rawgrade IS NULL OR gi.grademax < gi.grademin OR gi.gradetype NOT IN (1, 2) THEN NULL
            WHEN gi.grademax = gi.grademin THEN gi.grademax
            WHEN gi.gradetype = 2 THEN LEAST(GREATEST(ROUND(b.rawgrade + 0.00001), gi.grademin), gi.grademax)
            ELSE LEAST(GREATEST(b.rawgrade * gi.multfactor + gi.plusfactor, gi.grademin), gi.grademax * @over) END
{%- endset %}
{% set over = "IF(" ~ setting_is_on("unlimitedgrades") ~ ", COALESCE(" ~ setting("gradeoverhundredprocentmax") ~ ", 10), 1)" %}
{% set to_pass = "cm.completionpassgrade = 1" if site_has("course_modules", "completionpassgrade") else "FALSE" %}
{% set unseen = "IF(q.id IS NULL, gi.hidden, " ~ hidden("q.timeclose") ~ ") <> 0" if site_has("quiz", "reviewmarks") else "gi.hidden <> 0" %}
{% macro of_quiz() %}
{%- if site_has("quiz", "reviewmarks") %}

  LEFT JOIN {quiz} q ON gi.itemmodule = 'quiz' AND gi.itemnumber = 0 AND q.id = gi.iteminstance
{%- endif %}
{% endmacro %}
{% macro state(score, fresh="", secret="") -%}
{% set secret = secret or unseen -%}
CASE WHEN {{ fresh ~ " OR " if fresh }}gi.gradepass <= 0.000009 OR {{ secret }} AND NOT {{ to_pass }} THEN IF({{ to_pass }}, 2, 1)
            WHEN {{ score }} >= gi.gradepass THEN 2
            WHEN {{ secret }} THEN 0
            ELSE 3 END
{%- endmacro %}
