-- The enrolments, a line for each role that comes with one; then roles in courses without an enrolment.
{% from "export/terms.sql" import unwritable, fault, odd_status, is_person, person, course, in_scope, usable, user_key, course_key with context %}
{% from "shared/methods.sql" import role_component, role_item, unowned %}
{% set moving = option.for_another_site %}
{# Line 0 makes the enrolment, line 1 suspends it. The site itself has it, so that line 1 is enough there. #}
{% set suspends = "(ue.status <> 0 AND s.n = 1)" %}
{% set cmd = "CASE WHEN " ~ suspends ~ " THEN 'disable' WHEN ra.id IS NULL OR ue.timeend <> 0 AND ue.timeend < ue.timestart THEN 'enable' ELSE 'add' END" %}
{% set faults = [person("u"), course("c"), odd_status("ue"),
    fault("e.enrol = 'guest'", "enrol", "guests look into a course and are not enrolled"),
    fault("NOT " ~ usable("e"), "", "the enrolment method is disabled (Param use_disabled_instances)"),
    fault("EXISTS (SELECT 1 FROM {enrol} e2 JOIN {user_enrolments} ue2 ON ue2.enrolid = e2.id AND ue2.userid = ue.userid WHERE e2.courseid = e.courseid AND e2.enrol = e.enrol AND "
          ~ usable("e2") ~ " AND (e2.sortorder < e.sortorder OR e2.sortorder = e.sortorder AND e2.id < e.id))", "", "a file means another enrolment of the person by the same method"),
    fault("ra.id IS NOT NULL AND ue.timeend <> 0 AND ue.timeend < ue.timestart", "" if moving else "starttime", "the enrolment ends before it begins")] %}
{% if moving %}{% set _ = faults.append(fault("any_role.userid IS NULL", "", "an enrolment without a role can be changed by a file, not made")) %}{% endif %}
{% macro role_of(alias, enrol, component) -%}
{{ alias }}.contextid = x.id AND {{ alias }}.userid = ue.userid AND {{ alias }}.component = {{ role_component("e") }}
                                AND {{ alias }}.itemid = {{ role_item("e") }}
{%- endmacro %}
SELECT {{ cmd }} AS cmd, IF({{ cmd }} = 'add', ro.shortname, '') AS rolename, u.{{ user_key }} AS uid, c.{{ course_key }} AS cid, e.enrol,
       IF({{ cmd }} = 'add', ue.timestart, '') AS starttime, IF({{ cmd }} = 'add', ue.timeend, '') AS endtime,
       CONCAT(u.username, ' in ', c.shortname, ' by ', e.enrol) AS _thing,
       {{ unwritable(faults) }} AS _faults
  FROM {course} c
  JOIN {enrol} e ON e.courseid = c.id AND e.enrol NOT IN ('meta', 'cohort')
  JOIN {user_enrolments} ue ON ue.enrolid = e.id
  JOIN {user} u ON u.id = ue.userid
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
  JOIN (SELECT 0 AS n UNION ALL SELECT 1) s ON {{ "s.n = 0 OR ue.status <> 0" if moving else "s.n = (ue.status <> 0)" }}
  LEFT JOIN {role_assignments} ra ON s.n = 0 AND {{ role_of("ra") }}
  LEFT JOIN {role} ro ON ro.id = ra.roleid
{% if moving %}
  LEFT JOIN (SELECT DISTINCT contextid, userid, component, itemid FROM {role_assignments}) any_role ON {{ role_of("any_role") }}
{% endif %}
 WHERE {{ in_scope("c") }}
   AND {{ is_person("u") }}
   AND (@method IS NULL OR e.enrol = @method)
 ORDER BY c.id, e.id, ue.userid, s.n, ra.roleid;

SELECT 'add' AS cmd, ro.shortname AS rolename, u.{{ user_key }} AS uid, c.{{ course_key }} AS cid, '-' AS enrol, '' AS starttime, '' AS endtime,
       CONCAT(u.username, ' in ', c.shortname, ' as ', ro.shortname) AS _thing,
       {{ unwritable([person("u"), course("c")]) }} AS _faults
  FROM {course} c
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
  JOIN {role_assignments} ra ON ra.contextid = x.id AND ra.component = '' AND ra.itemid = 0
  JOIN {role} ro ON ro.id = ra.roleid
  JOIN {user} u ON u.id = ra.userid
 WHERE {{ in_scope("c") }}
   AND {{ is_person("u") }}
   AND (@method IS NULL OR @method = '-')
   AND NOT EXISTS (SELECT 1
                     FROM {user_enrolments} ue
                     JOIN {enrol} e ON e.id = ue.enrolid
                    WHERE ue.userid = ra.userid AND e.courseid = c.id AND {{ unowned("e") }})
 ORDER BY c.id, ra.userid, ra.roleid;
