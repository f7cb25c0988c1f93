-- Set the time at which Moodle next checks the open attempts in toolsync_quiz_attempt: the end that applies to the person, plus the grace period of an
-- overdue attempt. The person's own override comes before those of groups; of these, no limit (0) comes before the latest.

DROP TEMPORARY TABLE IF EXISTS toolsync_quiz_end;
CREATE TEMPORARY TABLE toolsync_quiz_end (id BIGINT NOT NULL PRIMARY KEY, timeclose BIGINT NOT NULL, timelimit BIGINT NOT NULL);

INSERT INTO toolsync_quiz_end (id, timeclose, timelimit)
SELECT qa.id,
       COALESCE(MAX(own.timeclose), IF(MIN(theirs.timeclose) = 0, 0, MAX(theirs.timeclose)), q.timeclose),
       COALESCE(MAX(own.timelimit), IF(MIN(theirs.timelimit) = 0, 0, MAX(theirs.timelimit)), q.timelimit)
  FROM toolsync_quiz_attempt a
  JOIN {quiz_attempts} qa ON qa.id = a.id
  JOIN {quiz} q ON q.id = qa.quiz
  LEFT JOIN {quiz_overrides} own ON own.quiz = qa.quiz AND own.userid = qa.userid
  LEFT JOIN ({quiz_overrides} theirs JOIN {groups_members} gm ON gm.groupid = theirs.groupid)
         ON theirs.quiz = qa.quiz AND gm.userid = qa.userid
 GROUP BY qa.id, q.id, q.timeclose, q.timelimit;

UPDATE {quiz_attempts} qa
  JOIN toolsync_quiz_end t ON t.id = qa.id
  JOIN {quiz} q ON q.id = qa.quiz
   SET qa.timecheckstate = CASE WHEN t.timelimit = 0 AND t.timeclose = 0 THEN NULL
                                WHEN t.timelimit = 0 THEN t.timeclose
                                WHEN t.timeclose = 0 THEN qa.timestart + t.timelimit
                                ELSE LEAST(qa.timestart + t.timelimit, t.timeclose) END
                           + IF(qa.state = 'overdue', q.graceperiod, 0);
