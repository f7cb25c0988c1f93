{# `by`: what the names in toolsync_group_asked are: name, idnumber or id. #}
{% import "shared/identify.sql" as named with context %}
{% set best = named.best("g", by, "a.name") %}
INSERT IGNORE INTO toolsync_group_course (courseid) SELECT a.courseid FROM toolsync_group_asked a;

INSERT INTO toolsync_group_found (courseid, name, groupid, matches, best)
SELECT a.courseid, a.name, COALESCE(MIN(IF({{ best }}, g.id, NULL)), MIN(g.id)), COALESCE(NULLIF(SUM({{ best }}), 0), COUNT(*)), MAX({{ best }})
{% if by == "id" %}
  FROM toolsync_group_asked a
  JOIN {groups} g ON g.courseid = a.courseid AND {{ named.equal("g", by, "a.looks") }}
{% else %}
  FROM toolsync_group_course k
  STRAIGHT_JOIN {groups} g ON g.courseid = k.courseid
  STRAIGHT_JOIN toolsync_group_asked a ON a.courseid = g.courseid AND a.lowered = LOWER(g.`{{ by }}`) AND {{ named.same("g.`" ~ by ~ "`", "a.name") }}
{% endif %}
 GROUP BY a.courseid, a.name;
{% if by != "id" %}

INSERT INTO toolsync_group_lost (courseid, name, looks)
SELECT a.courseid, a.name, a.looks
  FROM toolsync_group_asked a
  LEFT JOIN toolsync_group_found f ON f.courseid = a.courseid AND f.name = a.name
 WHERE f.groupid IS NULL;

INSERT IGNORE INTO toolsync_group_alike (courseid, name, alike)
SELECT a.courseid, a.name, g.`{{ by }}`
  FROM toolsync_group_lost a
  JOIN {groups} g ON g.courseid = a.courseid AND g.`{{ by }}` = a.looks
 ORDER BY g.id;
{% endif %}
