-- What roles are called in the course. An empty cell takes the name away, as does 0 in Moodle's own upload.
{% if given_any("role_*") %}
CREATE TEMPORARY TABLE toolsync_role_name (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line INT UNSIGNED NOT NULL, roleid BIGINT NOT NULL, contextid BIGINT NOT NULL, id BIGINT NULL,
    name VARCHAR(255) NOT NULL, KEY (line), KEY (id)
);

INSERT INTO toolsync_role_name (line, roleid, contextid, id, name)
SELECT t.line, f.roleid, t.contextid, n.id, IF(c.value = '0', '', c.value)
  FROM toolsync_course t
  JOIN toolsync_cell c ON c.line = t.line AND c.family = 'role_*'
  JOIN toolsync_role_column f ON f.name = c.name
  LEFT JOIN {role_names} n ON n.contextid = t.contextid AND n.roleid = f.roleid
 WHERE NOT IF(c.value = '0', '', c.value) <=> COALESCE(n.name, '') COLLATE utf8mb4_bin
 ORDER BY t.line, f.roleid;

DELETE n FROM toolsync_role_name w STRAIGHT_JOIN {role_names} n ON n.id = w.id WHERE w.name = '';

UPDATE toolsync_role_name w
  STRAIGHT_JOIN {role_names} n ON n.id = w.id
   SET n.name = w.name;

-- chunks: toolsync_role_name.seq
INSERT INTO {role_names} (roleid, contextid, name)
SELECT w.roleid, w.contextid, w.name
  FROM toolsync_role_name w
 WHERE w.id IS NULL AND w.seq BETWEEN @first AND @last
 ORDER BY w.seq;

UPDATE toolsync_course t JOIN toolsync_role_name w ON w.line = t.line SET t.changed = 1;

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'contacts' FROM toolsync_role_name w WHERE FIND_IN_SET(w.roleid, {{ setting("coursecontact") }}) LIMIT 1;
{% endif %}
