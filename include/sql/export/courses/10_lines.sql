-- The courses, one a line. A new course comes first in its category, so the last one of a category comes first.
{% from "courses/fields.sql" import numbers %}
{% from "courses/terms.sql" import of_field with context %}
{% from "export/terms.sql" import unwritable, fault, course, in_scope, course_key with context %}
{% set late = "c.enddate > 0 AND (c.enddate < c.startdate OR c.startdate = 0)" %}
{% set faults = [course("c"),
    fault("NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('format_', c.format) AND p.name = 'version')", "format", "the site has no such course format"),
    fault("c.enablecompletion = 0 AND c.showcompletionconditions IS NOT NULL", "enablecompletion", "a file that says no would forget showcompletionconditions"),
    fault(late, "startdate", "the end date is before it, or there is no start date"), fault(late, "enddate", "the start date is after it, or there is none")] %}
{% if not option.for_another_site %}
{% set _ = faults.append(fault("c.defaultgroupingid > 0 AND NOT EXISTS (SELECT 1 FROM {groupings} k WHERE k.id = c.defaultgroupingid AND k.courseid = c.id)", "defaultgroupingid", "the course has no such grouping")) %}
{% endif %}
{# What would let in more people on another site than here: a new method there has none of this. #}
{% set limits = {"guest": "e.password <> ''", "self": "(e.password <> '' OR e.enrolstartdate <> 0 OR e.enrolenddate <> 0 OR e.customint3 > 0 OR e.customint5 > 0 OR e.customint6 = 0)"} %}
{% for enrol, limited in limits.items() %}
{% set _ = faults.append(fault("EXISTS (SELECT 1 FROM {enrol} e WHERE e.courseid = c.id AND e.enrol = '" ~ enrol ~ "' AND e.status = 0 AND " ~ limited ~ ")", enrol, "the method has a key or other limits, which are not exported")) %}
{% endfor %}
{% macro method(enrol) -%}
(SELECT CASE WHEN SUM(e.status NOT IN (0, 1)) > 0 THEN '' WHEN COALESCE(SUM(e.status = 0), 0) = 0 THEN '0' WHEN FIND_IN_SET('{{ enrol }}', COALESCE({{ setting("enrol_plugins_enabled") }}, '')) THEN '1' ELSE '' END
          FROM {enrol} e WHERE e.courseid = c.id AND e.enrol = '{{ enrol }}') AS {{ enrol }}
{%- endmacro %}
SELECT {{ "c.id, " if course_key == "id" }}c.shortname, c.fullname, c.idnumber, c.category AS _category, c.summary, c.format, c.lang, c.theme,
{% for column in numbers if column != "defaultgroupingid" or not option.for_another_site %}
       c.{{ column }},
{% endfor %}
       c.enddate, COALESCE(c.downloadcontent, '') AS downloadcontent, COALESCE(c.showcompletionconditions, '') AS showcompletionconditions,
       (SELECT MAX(s.section) FROM {course_sections} s WHERE s.course = c.id) AS numsections,
       {{ method("self") }}, {{ method("guest") }},
       (SELECT GROUP_CONCAT(o.name, ':', HEX(COALESCE(o.value, ''))) FROM {course_format_options} o
         WHERE o.courseid = c.id AND o.format = c.format AND o.sectionid = 0) AS _options,
       (SELECT GROUP_CONCAT(COALESCE(ti.ordering, -1), ':', k.tagcollid, ':', HEX(k.name), ':', HEX(k.rawname) ORDER BY ti.ordering, ti.id)
          FROM {tag_instance} ti
          JOIN {tag} k ON k.id = ti.tagid
         WHERE ti.component = 'core' AND ti.itemtype = 'course' AND ti.itemid = c.id AND ti.tiuserid = 0) AS _tags,
       (SELECT GROUP_CONCAT(d.fieldid, ':', COALESCE(d.intvalue, ''), ':', COALESCE(d.decvalue, ''), ':', HEX(COALESCE(d.value, '')))
          FROM {customfield_data} d
          JOIN {customfield_field} f ON f.id = d.fieldid
          JOIN {customfield_category} k ON k.id = f.categoryid
         WHERE d.instanceid = c.id{{ of_field | replace("f.", "k.") }}) AS _fields,
       (SELECT GROUP_CONCAT(n.roleid, ':', HEX(n.name)) FROM {context} x JOIN {role_names} n ON n.contextid = x.id
         WHERE x.contextlevel = 50 AND x.instanceid = c.id) AS _roles,
       c.shortname AS _thing,
       {{ unwritable(faults) }} AS _faults
  FROM {course} c
  LEFT JOIN {course_categories} y ON y.id = c.category
 WHERE {{ in_scope("c") }}
 ORDER BY y.sortorder, c.category, c.sortorder DESC, c.id DESC;
