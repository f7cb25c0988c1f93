-- The members of groups that lines name.
{% import "shared/identify.sql" as named with context %}
{% set by = option.group_id_field %}
{% with value="userid", name="user", by=option.user_id_field, among=named.is_user("x"), into="toolsync_meant_person" %}{% include "shared/meant.sql" %}{% endwith %}

{% with value="courseid", name="course", by=option.course_id_field, among=named.is_course("x"), into="toolsync_meant_place" %}{% include "shared/meant.sql" %}{% endwith %}

CREATE TEMPORARY TABLE toolsync_meant_group (line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, best TINYINT NOT NULL, PRIMARY KEY (line, id));

INSERT INTO toolsync_meant_group (line, id, best)
SELECT r.line, g.id, {{ named.best("g", by, "r.groupid") }}
  FROM toolsync_key r
  JOIN toolsync_meant_place p ON p.line = r.line
  JOIN {groups} g ON g.courseid = p.id AND {{ named.equal("g", by, "r.groupid") }};
{% with these="toolsync_meant_group" %}{% include "shared/meant_best.sql" %}{% endwith %}

INSERT IGNORE INTO toolsync_named (place, userid)
SELECT g.id, u.id
  FROM toolsync_meant_group g
  JOIN toolsync_meant_person u ON u.line = g.line;

-- The courses that they name. One that is not there, or of which there are several, is no scope.
INSERT IGNORE INTO toolsync_place (id)
SELECT MIN(p.id) FROM toolsync_meant_place p GROUP BY p.line HAVING COUNT(*) = 1;

-- Lines that name nobody, or no group.
INSERT IGNORE INTO toolsync_nameless (line, strange)
SELECT r.line, LENGTH(CONCAT_WS(' ', r.userid, r.courseid, r.groupid)) <> CHAR_LENGTH(CONCAT_WS(' ', r.userid, r.courseid, r.groupid))
  FROM toolsync_key r
  LEFT JOIN toolsync_meant_group g ON g.line = r.line
  LEFT JOIN toolsync_meant_person u ON u.line = r.line
 WHERE g.line IS NULL OR u.line IS NULL;
