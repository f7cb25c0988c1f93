-- The courses that meet the criteria, which are in variables (NULL: no criterion). Never the front page.
{% import "shared/identify.sql" as named with context %}
{% set key = option.course_id_field %}

CREATE TEMPORARY TABLE toolsync_life (
    courseid BIGINT NOT NULL PRIMARY KEY, lastaccess BIGINT NULL, people INT NOT NULL DEFAULT 0
);

-- For a course that nobody has visited, its creation counts as the last access.
INSERT INTO toolsync_life (courseid, lastaccess)
SELECT c.id, MAX(a.timeaccess)
  FROM {course} c
  LEFT JOIN toolsync_inside i ON i.categoryid = c.category
  LEFT JOIN {user_lastaccess} a ON a.courseid = c.id
 WHERE {{ named.is_course("c") }}
   AND (@categories = 0 OR i.categoryid IS NOT NULL)
   AND (@shortname IS NULL OR c.shortname LIKE @shortname)
   AND (@fullname IS NULL OR c.fullname LIKE @fullname)
   AND (@idnumber IS NULL OR c.idnumber LIKE @idnumber)
   AND (@ended_before IS NULL OR c.enddate > 0 AND c.enddate < @ended_before)
   AND (@started_before IS NULL OR c.startdate < @started_before)
   AND (@created_before IS NULL OR c.timecreated < @created_before)
{% if option.hidden_only %}
   AND c.visible = 0
{% endif %}
{% if option.nobody_enrolled %}
   AND NOT EXISTS (SELECT 1 FROM {enrol} e JOIN {user_enrolments} ue ON ue.enrolid = e.id WHERE e.courseid = c.id)
{% endif %}
{% if option.without_activities %}
   AND NOT EXISTS (SELECT 1
                     FROM {course_modules} cm
                     JOIN {modules} m ON m.id = cm.module
                     LEFT JOIN {forum} f ON f.id = cm.instance AND m.name = 'forum'
                    WHERE cm.course = c.id AND cm.deletioninprogress = 0 AND NOT f.type <=> 'news')
{% endif %}
 GROUP BY c.id, c.timecreated
HAVING @no_access_since IS NULL OR COALESCE(MAX(a.timeaccess), c.timecreated) < @no_access_since;

CREATE TEMPORARY TABLE toolsync_enrolled (courseid BIGINT NOT NULL PRIMARY KEY, people INT NOT NULL);

INSERT INTO toolsync_enrolled (courseid, people)
SELECT l.courseid, COUNT(DISTINCT ue.userid)
  FROM toolsync_life l
  JOIN {enrol} e ON e.courseid = l.courseid
  JOIN {user_enrolments} ue ON ue.enrolid = e.id
 GROUP BY l.courseid;

UPDATE toolsync_life l
  JOIN toolsync_enrolled p ON p.courseid = l.courseid
   SET l.people = p.people;

CREATE TEMPORARY TABLE toolsync_bearers (courseid BIGINT NOT NULL PRIMARY KEY, bearers INT NOT NULL);

INSERT INTO toolsync_bearers (courseid, bearers)
SELECT l.courseid, {{ "COUNT(*)" if key != "id" else "1" }}
  FROM toolsync_life l
  JOIN {course} c ON c.id = l.courseid
  JOIN {course} other ON other.{{ key }} = c.{{ key }} AND {{ named.is_course("other") }}
 GROUP BY l.courseid;
