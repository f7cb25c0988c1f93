-- What a course that was restored from a backup shall be: its line's names win over the backup's, which 16_wanted.sql takes for those it was found by.
{% set key = option.course_id_field %}
{% if given("template") %}

UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
  JOIN {course} c ON c.id = t.id
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
  JOIN {course} c ON c.id = t.id
 WHERE t.restored AND r.startdate <> c.startdate;

-- The start of one that is not restored yet is not known, so it can't be too late.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
   SET t.startdate = LEAST(t.startdate, r.enddate)
 WHERE t.isnew AND r.startdate IS NULL AND r.enddate > 0;

INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'template', 'this backup would be restored; nobody has looked into it yet'
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line AND r.backup = 1
 WHERE t.isnew;
{% endif %}
