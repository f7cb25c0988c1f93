-- Take people out of groups of a course, except where a cohort or meta enrolment would put them back.
-- `lines`: a table with line, courseid, userid. Conditions: `leaves` (on l): who leaves; `stays` (on l, gm): memberships that remain; `only` (on gm):
-- memberships that may go. `field`: the column to name in the report.
CREATE TEMPORARY TABLE toolsync_group_left (
    line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, groupid BIGINT NOT NULL, courseid BIGINT NOT NULL, userid BIGINT NOT NULL, keeper VARCHAR(20) NULL,
    PRIMARY KEY (line, id)
);

INSERT INTO toolsync_group_left (line, id, groupid, courseid, userid, keeper)
SELECT l.line, gm.id, gm.groupid, l.courseid, l.userid,
       (SELECT MIN(e.enrol)
          FROM {enrol} e
          JOIN {user_enrolments} ue ON ue.enrolid = e.id AND ue.userid = gm.userid
         WHERE e.courseid = g.courseid AND e.customint2 = g.id AND e.enrol IN ('cohort', 'meta') AND FIND_IN_SET(e.enrol, @enrol_plugins))
  FROM {{ lines }} l
  STRAIGHT_JOIN {groups_members} gm {{ by_index("groups_members", "userid", "groupid") }} ON gm.userid = l.userid
  JOIN {groups} g ON g.id = gm.groupid AND g.courseid = l.courseid
 WHERE {{ leaves }} AND NOT ({{ stays }}){{ " AND " ~ only if only is defined and only }};

INSERT INTO toolsync_note (line, field, message)
SELECT d.line, '{{ field }}', CONCAT('this person stays in group ', g.name, ', which the course''s ', d.keeper, ' enrolment fills')
  FROM toolsync_group_left d
  JOIN {groups} g ON g.id = d.groupid
 WHERE d.keeper IS NOT NULL;

INSERT INTO toolsync_member_op (line, n, field, action, courseid, groupid, userid)
SELECT d.line, 1000 + d.id, '{{ field }}', 'remove', d.courseid, d.groupid, d.userid
  FROM toolsync_group_left d
 WHERE d.keeper IS NULL;
