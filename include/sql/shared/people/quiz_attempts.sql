-- Set the time at which Moodle next checks the open attempts in toolsync_quiz_attempt: the end that applies to the person, plus the grace period of an
-- overdue attempt. The person's own override comes before those of groups; of these, no limit (0) comes before the latest.

DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_end;
DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_checked;
CREATE TEMPORARY TABLE toolsync_quiz_end (
    id BIGINT NOT NULL PRIMARY KEY, timeclose BIGINT NOT NULL, timelimit BIGINT NOT NULL, graceperiod BIGINT NOT NULL
);
CREATE TEMPORARY TABLE toolsync_quiz_checked (id BIGINT NOT NULL PRIMARY KEY, timecheckstate BIGINT NULL);

INSERT INTO toolsync_quiz_end (id, timeclose, timelimit, graceperiod)
SELECT qa.id,
       COALESCE(MAX(own.timeclose), IF(MIN(theirs.timeclose) = 0, 0, MAX(theirs.timeclose)), q.timeclose),
       COALESCE(MAX(own.timelimit), IF(MIN(theirs.timelimit) = 0, 0, MAX(theirs.timelimit)), q.timelimit),
       q.graceperiod
  FROM toolsync_quiz_attempt a
  JOIN {quiz_attempts} qa ON qa.id = a.id
  JOIN {quiz} q ON q.id = qa.quiz
  LEFT JOIN {quiz_overrides} own ON own.quiz = qa.quiz AND own.userid = qa.userid
  LEFT JOIN ({quiz_overrides} theirs JOIN {groups_members} gm ON gm.groupid = theirs.groupid)
         ON theirs.quiz = qa.quiz AND gm.userid = qa.userid
 GROUP BY qa.id, q.id, q.timeclose, q.timelimit, q.graceperiod;

INSERT INTO toolsync_quiz_checked (id, timecheckstate)
SELECT w.id, w.timecheckstate
  FROM (SELECT qa.id, qa.timecheckstate AS known,
               CASE WHEN t.timelimit = 0 AND t.timeclose = 0 THEN NULL
                    WHEN t.timelimit = 0 THEN t.timeclose
                    WHEN t.timeclose = 0 THEN qa.timestart + t.timelimit
                    ELSE LEAST(qa.timestart + t.timelimit, t.timeclose) END
               + IF(qa.state = 'overdue', t.graceperiod, 0) AS timecheckstate
          FROM toolsync_quiz_end t
          JOIN {quiz_attempts} qa ON qa.id = t.id) w
 WHERE NOT w.timecheckstate <=> w.known;

-- Someone may have handed in the attempt meanwhile.
UPDATE toolsync_quiz_checked w
  STRAIGHT_JOIN {quiz_attempts} qa ON qa.id = w.id
   SET qa.timecheckstate = w.timecheckstate
 WHERE qa.state IN ('inprogress', 'overdue');
