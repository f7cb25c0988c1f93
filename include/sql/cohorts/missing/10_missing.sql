-- The members of the cohorts of the file that it does not name. Cohorts that a plugin manages are left alone.
{% from "shared/scope_people.sql" import person with context %}
{% include "shared/scope_people_set.sql" %}

-- The number of members in the scope.
CREATE TEMPORARY TABLE toolsync_scope (number BIGINT NOT NULL);

INSERT INTO toolsync_scope (number)
SELECT COUNT(*)
  FROM toolsync_place s
  JOIN {cohort} c ON c.id = s.id AND c.component = ''
  JOIN {cohort_members} m ON m.cohortid = c.id
  JOIN {user} u ON u.id = m.userid
 WHERE {{ person }};

CREATE TEMPORARY TABLE toolsync_missing (
    n INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line_cmd VARCHAR(10) NOT NULL, line_cid BIGINT NOT NULL, line_userid BIGINT NOT NULL,
    memberid BIGINT NOT NULL, username VARCHAR(100) NOT NULL, person VARCHAR(255) NOT NULL, cohort VARCHAR(254) NOT NULL, idnumber VARCHAR(100) NOT NULL, what VARCHAR(20) NOT NULL
);

INSERT INTO toolsync_missing (line_cmd, line_cid, line_userid, memberid, username, person, cohort, idnumber, what)
SELECT 'del', c.id, u.id, m.id, u.username, LEFT(CONCAT(u.firstname, ' ', u.lastname), 255), c.name, COALESCE(c.idnumber, ''), 'remove'
  FROM toolsync_place s
  JOIN {cohort} c ON c.id = s.id AND c.component = ''
  JOIN {cohort_members} m ON m.cohortid = c.id
  JOIN {user} u ON u.id = m.userid
  LEFT JOIN toolsync_named w ON w.place = c.id AND w.userid = u.id
 WHERE w.userid IS NULL AND {{ person }}
 ORDER BY c.name, c.id, u.username;
