{#
  hidden(closes)   what a quiz `q` of the course module `cm` sends the gradebook as `hidden`: 0, 1, or until when. closes: the SQL of when the quiz closes.
  In reviewmarks, 256 is: while the quiz is open; 16: after it has closed.
#}
{% macro shown(when) %}(q.reviewmarks & {{ when }}){{ " AND (q.reviewmaxmarks & " ~ when ~ ")" if site_has("quiz", "reviewmaxmarks") }}{% endmacro %}
{% macro hidden(closes) %}
CASE WHEN {{ shown(256) }} THEN cm.visible = 0
                    WHEN {{ shown(16) }} AND q.timeclose <> 0 THEN {{ closes }}
                    ELSE 1 END
{%- endmacro %}
