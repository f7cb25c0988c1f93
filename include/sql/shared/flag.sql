{# The flags that Moodle's sessions look for. Both macros need @flag_expiry. #}
{% macro expiry() %}
-- @flag_expiry: when the flags set below expire, in Unix seconds: after the longest time for which a session may be idle
SET @flag_expiry = @now + COALESCE({{ setting("sessiontimeout") }}, 28800);
{% endmacro %}
{# Set a flag for each name: `type` of the flag, `rows` with the names, `name` of a row, which is `d`. #}
{% macro flag(type, rows, name) %}
DROP TEMPORARY TABLE IF EXISTS toolsync_{{ type }}_known;
DROP TEMPORARY TABLE IF EXISTS toolsync_{{ type }}_new;
CREATE TEMPORARY TABLE toolsync_{{ type }}_known (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_{{ type }}_new (seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);

INSERT IGNORE INTO toolsync_{{ type }}_known (id)
SELECT f.id
  FROM {{ rows }} d
  JOIN {cache_flags} f ON f.name = {{ name }} AND f.flagtype = 'accesslib/{{ type }}'
 WHERE NOT (f.value = '1' AND f.timemodified = @now AND f.expiry = @flag_expiry);

UPDATE toolsync_{{ type }}_known d
  STRAIGHT_JOIN {cache_flags} f ON f.id = d.id
   SET f.value = '1', f.timemodified = @now, f.expiry = @flag_expiry;

-- Only now, because Moodle's cron deletes flags that have expired.
INSERT INTO toolsync_{{ type }}_new (name)
SELECT {{ name }}
  FROM {{ rows }} d
  LEFT JOIN {cache_flags} f ON f.name = {{ name }} AND f.flagtype = 'accesslib/{{ type }}'
 WHERE f.id IS NULL;

-- chunks: toolsync_{{ type }}_new.seq
INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry)
SELECT 'accesslib/{{ type }}', d.name, @now, '1', @flag_expiry
  FROM toolsync_{{ type }}_new d
 WHERE d.seq BETWEEN @first AND @last
 ORDER BY d.seq;
{% endmacro %}
