-- Fail the lines in toolsync_fault: `column|message`.
{# `lines`: the table of lines that are still to be done: those that fail go out of it. #}
UPDATE toolsync_row r
  JOIN toolsync_fault f ON f.line = r.line
   SET r.status = 'failed', r.field = SUBSTRING_INDEX(f.fault, '|', 1), r.message = SUBSTRING(f.fault, LOCATE('|', f.fault) + 1)
 WHERE r.status IS NULL;
{% if lines is defined %}

DELETE l FROM toolsync_fault f
  JOIN {{ lines }} l ON l.line = f.line;
{% endif %}
