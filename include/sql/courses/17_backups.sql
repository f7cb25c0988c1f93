-- Courses restored from a backup: the line's identifier replaces the backup's, which 16_wanted.sql keeps as the one by which the course was found.
{% set key = option.course_id_field %}
{% if given("template") %}

UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
  JOIN toolsync_was_course c ON c.id = t.id
   SET t.restored = 1,
{% if key != "id" %}
       t.{{ key }} = r.{{ key }},
{% endif %}
       t.enddate = CASE WHEN r.enddate IS NOT NULL THEN r.enddate WHEN r.startdate IS NULL OR c.enddate = 0 THEN c.enddate WHEN r.startdate = 0 THEN 0
                        ELSE c.enddate + r.startdate - c.startdate END;

INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'startdate', CONCAT('dates inside the course are those of the backup, which begins on ', DATE(FROM_UNIXTIME(c.startdate)))
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  JOIN toolsync_was_course c ON c.id = t.id
 WHERE t.restored AND r.startdate <> c.startdate;

-- The start date of a backup that is not restored yet is unknown, so it must not count as later than the end date.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
   SET t.startdate = LEAST(t.startdate, r.enddate)
 WHERE t.isnew AND r.startdate IS NULL AND r.enddate > 0;

INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'template', 'this backup would be restored. Its content has not been checked yet'
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
 WHERE t.isnew;
{% endif %}
