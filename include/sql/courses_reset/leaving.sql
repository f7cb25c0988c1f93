-- Who leaves, as reset_course_userdata decides it: people with other roles lose only the roles asked for; with the last role go the enrolments.
{% include "shared/people_tables.sql" %}
{% if given("roles") %}
-- Enrolments of people with one of the roles, where the method allows unenrolling.
CREATE TEMPORARY TABLE toolsync_can_leave (
    ueid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, userid BIGINT NOT NULL, enrolid BIGINT NOT NULL,
    place INT NOT NULL, KEY (courseid, userid)
);

-- when: toolsync_role_asked
INSERT INTO toolsync_can_leave (ueid, line, courseid, contextid, userid, enrolid, place)
SELECT ue.id, r.line, r.courseid, r.contextid, ue.userid, e.id, ROW_NUMBER() OVER (PARTITION BY r.courseid, ue.userid ORDER BY ue.id)
  FROM toolsync_row r
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = r.courseid AND e.status = 0 AND FIND_IN_SET(e.enrol, @enrol_plugins)
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id
 WHERE r.status IS NULL AND (e.enrol IN ('manual', 'self', 'fee', 'flatfile', 'lti', 'paypal') OR e.enrol IN ('cohort', 'meta', 'database') AND ue.status = 1)
   AND EXISTS (SELECT 1
                 FROM toolsync_role_asked w
                 STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.contextid = r.contextid AND ra.userid = ue.userid AND ra.roleid = w.roleid
                WHERE w.line = r.line);

-- How many roles these people have, and their roles that the line asks for, in its order.
CREATE TEMPORARY TABLE toolsync_role_count (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, held INT NOT NULL, PRIMARY KEY (courseid, userid));

-- when: toolsync_can_leave
INSERT INTO toolsync_role_count (courseid, userid, held)
SELECT c.courseid, c.userid, COUNT(DISTINCT ra.roleid)
  FROM toolsync_can_leave c
  STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.contextid = c.contextid AND ra.userid = c.userid
 WHERE c.place = 1
 GROUP BY c.courseid, c.userid;

CREATE TEMPORARY TABLE toolsync_role_turn (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, roleid BIGINT NOT NULL, turn INT NOT NULL, PRIMARY KEY (courseid, userid, roleid));

-- when: toolsync_can_leave
INSERT INTO toolsync_role_turn (courseid, userid, roleid, turn)
SELECT h.courseid, h.userid, h.roleid, ROW_NUMBER() OVER (PARTITION BY h.courseid, h.userid ORDER BY h.place)
  FROM (SELECT c.courseid, c.userid, ra.roleid, MIN(w.place) AS place
          FROM toolsync_can_leave c
          JOIN toolsync_role_asked w ON w.line = c.line
          STRAIGHT_JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.contextid = c.contextid AND ra.userid = c.userid AND ra.roleid = w.roleid
         WHERE c.place = 1
         GROUP BY c.courseid, c.userid, ra.roleid) h;

-- Unassign all roles but the last one, if they were given by hand.
-- when: toolsync_role_turn
INSERT INTO toolsync_role_op (line, n, action, contextid, courseid, userid, roleid)
SELECT c.line, ROW_NUMBER() OVER (ORDER BY c.line, c.userid, t.roleid), 'unassign', c.contextid, c.courseid, c.userid, t.roleid
  FROM toolsync_can_leave c
  JOIN toolsync_role_count k ON k.courseid = c.courseid AND k.userid = c.userid
  JOIN toolsync_role_turn t ON t.courseid = c.courseid AND t.userid = c.userid
 WHERE c.place = 1 AND t.turn < k.held;

-- With the last role go the enrolments. With the last but one go all enrolments but the first, because Moodle counts the roles again for each.
-- when: toolsync_role_turn
INSERT INTO toolsync_enrolment_op (line, n, action, enrolid, courseid, userid)
SELECT c.line, c.ueid, 'unenrol', c.enrolid, c.courseid, c.userid
  FROM toolsync_can_leave c
  JOIN toolsync_role_count k ON k.courseid = c.courseid AND k.userid = c.userid
  JOIN (SELECT t.courseid, t.userid, MAX(t.turn) AS turns FROM toolsync_role_turn t GROUP BY t.courseid, t.userid) m ON m.courseid = c.courseid AND m.userid = c.userid
 WHERE m.turns = k.held OR m.turns = k.held - 1 AND c.place > 1;
{% endif %}
{% if given("data") or given("data_notenrolled") or given("glossary") or given("glossary_notenrolled") %}

-- The people who remain enrolled.
CREATE TEMPORARY TABLE toolsync_staying (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

INSERT IGNORE INTO toolsync_staying (courseid, userid)
SELECT p.courseid, ue.userid
  FROM toolsync_of_course p
  STRAIGHT_JOIN {enrol} e {{ by_index("enrol", "courseid") }} ON e.courseid = p.id
  STRAIGHT_JOIN {user_enrolments} ue {{ by_index("user_enrolments", "enrolid", "userid") }} ON ue.enrolid = e.id
  LEFT JOIN toolsync_enrolment_op o ON o.enrolid = ue.enrolid AND o.userid = ue.userid AND o.courseid = e.courseid
 WHERE o.line IS NULL;
{% endif %}
