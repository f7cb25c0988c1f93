-- The members of the groups of the scope that the file does not name. Memberships that a plugin made are left alone.
{% from "shared/scope_people.sql" import person with context %}
{% include "shared/scope_people_set.sql" %}
{% include "shared/scope_courses.sql" %}

-- The number of members in the scope.
CREATE TEMPORARY TABLE toolsync_scope (number BIGINT NOT NULL);

INSERT INTO toolsync_scope (number)
SELECT COUNT(*)
  FROM toolsync_scope_course s
  JOIN {groups} g ON g.courseid = s.courseid
  JOIN {groups_members} m ON m.groupid = g.id AND m.component = ''
  JOIN {user} u ON u.id = m.userid
 WHERE {{ person }};

CREATE TEMPORARY TABLE toolsync_missing (
    n INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line_cmd VARCHAR(10) NOT NULL, line_courseid BIGINT NOT NULL, line_groupid BIGINT NOT NULL, line_userid BIGINT NOT NULL,
    memberid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, person VARCHAR(255) NOT NULL, groupname VARCHAR(254) NOT NULL,
    shortname VARCHAR(255) NOT NULL, fullname VARCHAR(1333) NOT NULL, what VARCHAR(20) NOT NULL
);

INSERT INTO toolsync_missing (line_cmd, line_courseid, line_groupid, line_userid, memberid, username, person, groupname, shortname, fullname, what)
SELECT 'del', c.id, g.id, u.id, m.id, u.username, LEFT(CONCAT(u.firstname, ' ', u.lastname), 255), g.name, c.shortname, c.fullname, 'remove'
  FROM toolsync_scope_course s
  JOIN {course} c ON c.id = s.courseid
  JOIN {groups} g ON g.courseid = c.id
  JOIN {groups_members} m ON m.groupid = g.id AND m.component = ''
  JOIN {user} u ON u.id = m.userid
  LEFT JOIN toolsync_named w ON w.place = g.id AND w.userid = u.id
 WHERE w.userid IS NULL AND {{ person }}
 ORDER BY c.shortname, g.name, g.id, u.username;
