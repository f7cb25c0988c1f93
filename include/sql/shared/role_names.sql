{# What helps with values that name no role: from toolsync_role_lost, which the caller creates and fills, to toolsync_role_hint. #}
{% import "shared/identify.sql" as named with context %}
-- A value that is the name of one role, or only looks like a short name. Roles without a name of their own have the one that Moodle gives them, here in English.
DROP TEMPORARY TABLE IF EXISTS toolsync_role_called;
DROP TEMPORARY TABLE IF EXISTS toolsync_role_hint;
CREATE TEMPORARY TABLE toolsync_role_called (name VARCHAR(255) NOT NULL, lowered VARCHAR(255) COLLATE utf8mb4_bin NOT NULL, shortname VARCHAR(100) NOT NULL, KEY (lowered));
CREATE TEMPORARY TABLE toolsync_role_hint (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, hint VARCHAR(500) NOT NULL);

-- when: toolsync_role_lost
INSERT INTO toolsync_role_called (name, lowered, shortname)
SELECT w.name, LOWER(w.name), w.shortname
  FROM (SELECT ro.shortname,
               COALESCE(NULLIF(ro.name, ''), CASE ro.shortname WHEN 'manager' THEN 'Manager' WHEN 'coursecreator' THEN 'Course creator' WHEN 'editingteacher' THEN 'Teacher'
                                                               WHEN 'teacher' THEN 'Non-editing teacher' WHEN 'student' THEN 'Student' WHEN 'guest' THEN 'Guest'
                                                               WHEN 'user' THEN 'Authenticated user' WHEN 'frontpage' THEN 'Authenticated user on site home' END) AS name
          FROM {role} ro) w
 WHERE w.name IS NOT NULL;

INSERT INTO toolsync_role_hint (name, hint)
SELECT u.name, CONCAT('; ', MIN(c.name), ' is the name of ', MIN(c.shortname))
  FROM toolsync_role_lost u
  JOIN toolsync_role_called c ON c.lowered = LOWER(u.name)
 GROUP BY u.name
HAVING COUNT(*) = 1;

INSERT IGNORE INTO toolsync_role_hint (name, hint)
SELECT u.name, CONCAT(', only ', ro.shortname, ', which looks like it')
  FROM toolsync_role_lost u
  JOIN {role} ro ON {{ named.alike("ro", "shortname", "u.looks") }}
 ORDER BY ro.id;
