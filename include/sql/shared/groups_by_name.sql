{#
  The groups that are called exactly so, in `into` (courseid, name, groupid: the oldest one, hits). Each course's groups are read once: it may have thousands, and they have no index by name.
  `wanted`: a table whose columns courseid and name say which, with a key of both; `where`: a condition on its rows, as w.
#}
DROP TEMPORARY TABLE IF EXISTS {{ into }};
DROP TEMPORARY TABLE IF EXISTS {{ into }}_course;
CREATE TEMPORARY TABLE {{ into }} (
    courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, groupid BIGINT NOT NULL, hits INT NOT NULL, PRIMARY KEY (courseid, name)
);
CREATE TEMPORARY TABLE {{ into }}_course (courseid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO {{ into }}_course (courseid)
SELECT w.courseid FROM {{ wanted }} w{{ " WHERE " ~ where if where is defined }};

INSERT INTO {{ into }} (courseid, name, groupid, hits)
SELECT w.courseid, w.name, MIN(g.id), COUNT(DISTINCT g.id)
  FROM {{ into }}_course c
  STRAIGHT_JOIN {groups} g {{ by_index("groups", "courseid") }} ON g.courseid = c.courseid
  STRAIGHT_JOIN {{ wanted }} w ON w.courseid = g.courseid AND w.name = g.name
 GROUP BY w.courseid, w.name;
