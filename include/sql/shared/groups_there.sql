{#
  The groups and groupings of some courses, each read once: a course may have thousands, and they have no index by name. `there` of identify.sql looks them up.
  `rows`, `course`: the table, and its column with the id of the course.
#}
{% for name in ["groups", "groupings"] %}
DROP TEMPORARY TABLE IF EXISTS toolsync_{{ name }}_there;
CREATE TEMPORARY TABLE toolsync_{{ name }}_there (
    id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, idnumber VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
    KEY `by_name` (courseid, name), KEY `by_idnumber` (courseid, idnumber)
);

INSERT INTO toolsync_{{ name }}_there (id, courseid, name, idnumber)
SELECT g.id, g.courseid, LOWER(g.name COLLATE utf8mb4_bin), LOWER(g.idnumber COLLATE utf8mb4_bin)
  FROM (SELECT DISTINCT r.{{ course }} AS id FROM {{ rows }} r WHERE r.{{ course }} IS NOT NULL) c
  STRAIGHT_JOIN {{ table(name) }} g {{ by_index(name, "courseid") }} ON g.courseid = c.id;

{% endfor %}
