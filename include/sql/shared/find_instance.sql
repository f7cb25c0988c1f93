{% from "shared/methods.sql" import role_component, role_item %}
-- The course's instance of this enrolment method: a usable one first, then one by which the person is enrolled, then in the course's order.
DROP TEMPORARY TABLE IF EXISTS toolsync_found_instance;
CREATE TEMPORARY TABLE toolsync_found_instance (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, enrolid BIGINT NOT NULL, enrol VARCHAR(20) NOT NULL, usable TINYINT NOT NULL, PRIMARY KEY (line, n)
);

INSERT IGNORE INTO toolsync_found_instance (line, n, enrolid, enrol, usable)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}, e.id, e.enrol,
       {{ "1" if use_disabled is defined and use_disabled else "e.status = 0 AND FIND_IN_SET(e.enrol, @enrol_plugins) > 0" }} AS usable
  FROM {{ rows }} r
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = r.`{{ course }}` AND e.enrol = r.`{{ value }}`
  LEFT JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id AND ue.userid = r.`{{ user }}`
 WHERE r.status IS NULL AND r.`{{ value }}` <> ''
 ORDER BY r.line, {{ "r." ~ n ~ ", " if n is defined }}usable DESC, ue.id IS NULL, e.sortorder, e.id;

UPDATE {{ rows }} r
  LEFT JOIN toolsync_found_instance f ON f.line = r.line AND f.n = {{ "r." ~ n if n is defined else 0 }}
   SET r.`{{ into }}` = IF(f.usable, f.enrolid, NULL),
{% if with_role_owner is defined and with_role_owner %}
       r.rolecomponent = COALESCE({{ role_component("f") }}, ''),
       r.roleitem = COALESCE({{ role_item("f", "enrolid") }}, 0),
{% endif %}
       r.field = IF(f.usable, r.field, {{ "r." ~ field_column if field_column is defined else "'" ~ (field if field is defined else value) ~ "'" }}),
       r.message = CASE WHEN f.enrolid IS NULL THEN 'the course has no such enrolment method'
                        WHEN NOT f.usable THEN 'this enrolment method is disabled in the course or on the site' END,
       r.status = IF(f.usable, NULL, 'failed')
 WHERE r.status IS NULL AND r.`{{ value }}` <> '';
