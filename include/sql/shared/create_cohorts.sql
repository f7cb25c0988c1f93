{% import "shared/identify.sql" as named with context %}
-- Create a cohort for each cohortkey in toolsync_cohort_op that has no cohortid yet.

DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_new;
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_made;
CREATE TEMPORARY TABLE toolsync_cohort_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, cohortkey VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, name VARCHAR(254) NOT NULL,
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL,
    UNIQUE KEY (cohortkey), KEY (name)
);
CREATE TEMPORARY TABLE toolsync_cohort_made (
    cohortkey VARCHAR(254) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, cohortid BIGINT NOT NULL, line INT UNSIGNED NOT NULL, n BIGINT NOT NULL
);

UPDATE toolsync_cohort_op o
   SET o.status = 'unchanged'
 WHERE o.status IS NULL AND o.cohortid IS NOT NULL;

INSERT IGNORE INTO toolsync_cohort_new (cohortkey, name, line, n)
SELECT o.cohortkey, o.name, o.line, o.n
  FROM toolsync_cohort_op o
 WHERE o.status IS NULL
 ORDER BY o.line, o.n;

-- chunks: toolsync_cohort_new.seq
INSERT INTO {cohort} (contextid, name, idnumber, description, descriptionformat, visible, component,{% if site_has("cohort", "theme") %} theme,{% endif %} timecreated, timemodified)
SELECT o.contextid, o.name, o.idnumber, COALESCE(o.description, ''), 1, COALESCE(o.visible, 1), COALESCE(o.component, ''),
       {% if site_has("cohort", "theme") %}'',{% endif %} @now, @now
  FROM toolsync_cohort_new w
  JOIN toolsync_cohort_op o ON o.line = w.line AND o.n = w.n
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

INSERT INTO toolsync_cohort_made (cohortkey, cohortid, line, n)
SELECT w.cohortkey, c.id, w.line, w.n
  FROM {cohort} c FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN toolsync_cohort_new w ON w.name = c.name AND {{ named.exact("c.name", "w.name") }}
  STRAIGHT_JOIN toolsync_cohort_op o ON o.line = w.line AND o.n = w.n AND o.contextid = c.contextid AND c.idnumber <=> o.idnumber COLLATE utf8mb4_bin
 WHERE c.id > @newest_cohort;

UPDATE toolsync_cohort_op o
  JOIN toolsync_cohort_made w ON w.cohortkey = o.cohortkey
   SET o.cohortid = w.cohortid, o.status = IF(w.line = o.line AND w.n = o.n, 'created', 'unchanged')
 WHERE o.status IS NULL;
