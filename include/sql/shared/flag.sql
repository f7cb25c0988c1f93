{# The flags that Moodle's sessions look for. Both macros need @flag_expiry. #}
{% macro expiry() %}
-- @flag_expiry: when the flags set below expire, in Unix seconds: after the longest time for which a session may be idle
SET @flag_expiry = @now + COALESCE({{ setting("sessiontimeout") }}, 28800);
{% endmacro %}
{# Set a flag for each name: `type` of the flag, `rows` with the names, `name` of a row, which is `d`. #}
{% macro flag(type, rows, name) %}
UPDATE {cache_flags} f
  JOIN {{ rows }} d ON f.name = {{ name }} AND f.flagtype = 'accesslib/{{ type }}'
   SET f.value = '1', f.timemodified = @now, f.expiry = @flag_expiry;

INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry)
SELECT 'accesslib/{{ type }}', {{ name }}, @now, '1', @flag_expiry
  FROM {{ rows }} d
  LEFT JOIN {cache_flags} f ON f.name = {{ name }} AND f.flagtype = 'accesslib/{{ type }}'
 WHERE f.id IS NULL;
{% endmacro %}
