-- The enrolments that lines name. A line about every method of the person, or about a role without an enrolment, names that of the method, too.
{% from "enrolments/terms.sql" import cmd, method with context %}
{% import "shared/identify.sql" as named with context %}
{% with value="uid", name="user", by=option.user_id_field, among=named.is_user("x"), into="toolsync_meant_person" %}{% include "shared/meant.sql" %}{% endwith %}

{% with value="cid", name="course", by=option.course_id_field, among=named.is_course("x"), into="toolsync_meant_place" %}{% include "shared/meant.sql" %}{% endwith %}

INSERT IGNORE INTO toolsync_named (place, userid)
SELECT p.id, u.id
  FROM toolsync_key r
  JOIN toolsync_meant_place p ON p.line = r.line
  JOIN toolsync_meant_person u ON u.line = r.line
 WHERE LOWER(COALESCE({{ method }}, '-')) IN ('-', '{{ option.default_method }}');

-- The courses that they name. One that is not there, or of which there are several, is no scope.
INSERT IGNORE INTO toolsync_place (id)
SELECT MIN(p.id)
  FROM toolsync_key r
  JOIN toolsync_meant_place p ON p.line = r.line
 WHERE LOWER({{ method }}) = '{{ option.default_method }}'
 GROUP BY r.line
HAVING COUNT(*) = 1;

-- Lines that name nobody, or no course.
INSERT IGNORE INTO toolsync_nameless (line, strange)
SELECT r.line, LENGTH(CONCAT_WS(' ', r.uid, r.cid)) <> CHAR_LENGTH(CONCAT_WS(' ', r.uid, r.cid))
  FROM toolsync_key r
  LEFT JOIN toolsync_meant_place p ON p.line = r.line
  LEFT JOIN toolsync_meant_person u ON u.line = r.line
 WHERE (p.line IS NULL OR u.line IS NULL) AND LOWER(COALESCE({{ method }}, '-')) IN ('-', '{{ option.default_method }}');
