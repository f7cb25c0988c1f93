{#
  Which thing of the site a value of the file means: one rule for all types.

  The site's collation takes much for equal: é and e, ß and ss, one emoji and another. By it, and its index, the site finds candidates.
  What is written exactly so is meant; where nothing is, what differs in letter case alone. All else only looks like it, and is never meant.
  An empty value means nothing.

  same      whether two texts are written alike, letter case aside
  exact     whether they are, letter case included
  best      whether a candidate is written exactly so; letter case never counts in usernames and emails
  equal     join condition: a candidate that is meant, or one of several, of which the `best` go before the others
  alike     join condition: a candidate, whether it is meant or only looks like it
  index     after the table's alias: the index by which candidates are found. A server whose statistics are older than the rows may go through all of them
  there     join groups or groupings of a course that are `equal`, by what groups_there.sql has read of them
  better    in ON DUPLICATE KEY UPDATE: keep the best of several candidates, and count them. `of`: the table; its columns with the id, the count and `best`
  user, course, role, group   `equal`, among what a file may name
  is_user, is_course          whether a row is among these
  is_going                    whether a course is on its way out: Moodle, from 5.3 on, may have put off its deletion. Its row is there, and its names are taken,
                              but it is no course any more. Only where `may_go`
#}
{# İ is a small i with a dot above, as Moodle lowers it in usernames. #}
{% macro dotted(text) -%}
REPLACE({{ text }}, 'İ', _utf8mb4 X'69CC87') COLLATE utf8mb4_bin
{%- endmacro %}

{# Capitals, too: small letters alone take the Kelvin sign for k. What is written exactly so needs neither, which saves most of the time. #}
{% macro same(stored, value) -%}
({{ stored }} = {{ value }} COLLATE utf8mb4_bin
 OR LOWER({{ dotted(stored) }}) = LOWER({{ dotted(value) }}) AND UPPER({{ dotted(stored) }}) = UPPER({{ dotted(value) }}))
{%- endmacro %}

{% macro exact(stored, value) -%}
{{ stored }} = {{ value }} COLLATE utf8mb4_bin
{%- endmacro %}

{% macro best(alias, by, value) -%}
{{ "1" if by in ("id", "username", "email") else exact(alias ~ ".`" ~ by ~ "`", value) }}
{%- endmacro %}

{% macro alike(alias, by, value) -%}
{{ alias }}.`{{ by }}` = {{ value }} AND {{ value }} <> ''
{%- endmacro %}

{% macro equal(alias, by, value) -%}
{% if by == "id" -%}
{{ alias }}.id = IF({{ value }} REGEXP '^[1-9][0-9]{0,17}$', CAST({{ value }} AS UNSIGNED), 0)
{%- else -%}
{{ alike(alias, by, value) }} AND {{ same(alias ~ ".`" ~ by ~ "`", value) }}
{%- endif %}
{%- endmacro %}

{% macro index(of, by) -%}
{% if by == "id" -%}
FORCE INDEX (PRIMARY)
{%- elif of in ("groups", "groupings") -%}
{{ by_index(of, "courseid") }}
{%- else -%}
{{ by_index(of, "mnethostid", by) if by == "username" else by_index(of, by) }}
{%- endif %}
{%- endmacro %}

{% macro there(of, alias, by, value, course) -%}
STRAIGHT_JOIN toolsync_{{ of }}_there t FORCE INDEX (`by_{{ by }}`) ON t.courseid = {{ course }} AND t.{{ by }} = LOWER({{ value }} COLLATE utf8mb4_bin)
  STRAIGHT_JOIN {{ table(of) }} {{ alias }} ON {{ alias }}.id = t.id AND {{ equal(alias, by, value) }}
{%- endmacro %}

{% macro better(of, id, count, best) -%}
{{ count }} = IF(VALUES({{ best }}) > {{ of }}.{{ best }}, 1, {{ of }}.{{ count }} + COALESCE(VALUES({{ best }}) = {{ of }}.{{ best }} AND VALUES({{ id }}) <> {{ of }}.{{ id }}, 0)),
                            {{ id }} = IF(VALUES({{ best }}) > {{ of }}.{{ best }}, VALUES({{ id }}), {{ of }}.{{ id }}),
                            {{ best }} = GREATEST({{ of }}.{{ best }}, VALUES({{ best }}))
{%- endmacro %}

{% macro is_user(alias) -%}
{{ alias }}.deleted = 0 AND {{ alias }}.mnethostid = {{ setting("mnet_localhost_id") }} + 0
{%- endmacro %}

{% macro user(alias, by, value) -%}
{{ equal(alias, by, value) }} AND {{ is_user(alias) }}
{%- endmacro %}

{% set may_go = site_has("course", "deletioninprogress") %}
{% macro is_going(alias) -%}
{{ alias }}.category <> 0 AND {{ alias }}.deletioninprogress <> 0
{%- endmacro %}

{% macro is_course(alias) -%}
{{ alias }}.category <> 0{{ " AND " ~ alias ~ ".deletioninprogress = 0" if may_go }}
{%- endmacro %}

{% macro course(alias, by, value) -%}
{{ equal(alias, by, value) }} AND {{ is_course(alias) }}
{%- endmacro %}

{% macro role(alias, by, value) -%}
{{ equal(alias, by, value) }}
{%- endmacro %}

{% macro group(alias, by, value, course) -%}
{{ equal(alias, by, value) }} AND {{ alias }}.courseid = {{ course }}
{%- endmacro %}
