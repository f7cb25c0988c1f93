-- The cohorts; then the people in them, whose lines do without the other columns.
{% from "export/terms.sql" import unwritable, is_person, person, cohort, bearers, user_key, cohort_key, cohort_column with context %}
{% macro scope() -%}
{% if option.categories %}
   AND x.contextlevel = 40 AND x.instanceid IN (SELECT categoryid FROM toolsync_inside)
{% endif %}
   AND (@cohorts IS NULL OR h.idnumber LIKE @cohorts)
{%- endmacro %}
{% set counted = "LEFT JOIN " ~ bearers("cohort", cohort_key) ~ " b ON b.bearing = h." ~ cohort_key ~ " COLLATE utf8mb4_bin" if cohort_key != "id" else "" %}
{% set others = [("idnumber", "cidnumber"), ("name", "cname")] %}
SELECT h.{{ cohort_key }} AS {{ cohort_column }},
{% for column, written in others if column != cohort_key %}
       COALESCE(h.{{ column }}, '') AS {{ written }},
{% endfor %}
       COALESCE(h.description, '') AS cdescription, h.visible, h.component, NULL AS userid,
       IF(x.contextlevel = 40, x.instanceid, 0) AS _category,
       h.name AS _thing,
       {{ unwritable([cohort("h", "b")]) }} AS _faults
  FROM {cohort} h
  JOIN {context} x ON x.id = h.contextid
  {{ counted }}
 WHERE TRUE {{ scope() }}
 ORDER BY h.id;

SELECT h.{{ cohort_key }} AS {{ cohort_column }},
{% for column, written in others if column != cohort_key %}
       NULL AS {{ written }},
{% endfor %}
       NULL AS cdescription, NULL AS visible, NULL AS component, u.{{ user_key }} AS userid,
       NULL AS _category,
       CONCAT(u.username, ' in ', h.name) AS _thing,
       {{ unwritable([person("u"), cohort("h", "b")]) }} AS _faults
  FROM {cohort} h
  JOIN {context} x ON x.id = h.contextid
  JOIN {cohort_members} m ON m.cohortid = h.id
  JOIN {user} u ON u.id = m.userid
  {{ counted }}
 WHERE {{ is_person("u") }} {{ scope() }}
 ORDER BY h.id, m.id;
