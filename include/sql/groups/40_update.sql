-- Update what `updateid` names with the columns of the file. A group with hidden members (visibility 2, 3) has no participation.
{% set changes = [("name", "r.name"), ("idnumber", "r.idnumber"), ("description", "r.description")] %}
{% set group_changes = changes + [("enrolmentkey", "r.enrolmentkey")] %}
{% if site_has("groups", "visibility") %}
{% set group_changes = group_changes + [("visibility", "r.visibility"), ("participation", "IF(r.visibility > 1, 0, r.participation)")] %}
{% endif %}
{% for kind, name, columns in [("group", "groups", group_changes), ("grouping", "groupings", changes)] %}
CREATE TEMPORARY TABLE toolsync_changed_{{ kind }} (id BIGINT NOT NULL, line INT UNSIGNED NOT NULL, PRIMARY KEY (id, line), KEY (line));

INSERT INTO toolsync_changed_{{ kind }} (id, line)
SELECT g.id, r.line
  FROM toolsync_row r
  JOIN {{ table(name) }} g ON g.id = r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.updateid <> ''
   AND ({% for column, value in columns %}{{ " OR " if not loop.first }}NOT COALESCE({{ "NULLIF(r.name, '')" if column == "name" else value }}, g.{{ column }}) <=> BINARY g.{{ column }}{% endfor %});

UPDATE toolsync_changed_{{ kind }} w
  STRAIGHT_JOIN toolsync_row r ON r.line = w.line
  STRAIGHT_JOIN {{ table(name) }} g ON g.id = w.id
   SET {% for column, value in columns %}g.{{ column }} = COALESCE({{ "NULLIF(r.name, '')" if column == "name" else value }}, g.{{ column }}), {% endfor %}g.timemodified = @now;

UPDATE toolsync_row r
  JOIN toolsync_changed_{{ kind }} w ON w.line = r.line
   SET r.status = 'updated';

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_changed_{{ kind }} w LIMIT 1;
{% endfor %}

-- A group's conversation has the group's name, and is disabled if the members are hidden.
CREATE TEMPORARY TABLE toolsync_talk_changed (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, hidden TINYINT NOT NULL);

INSERT IGNORE INTO toolsync_talk_changed (id, name, hidden)
SELECT c.id, g.name, COALESCE(r.visibility, 0) > 1
  FROM toolsync_changed_group w
  JOIN {groups} g ON g.id = w.id
  JOIN toolsync_row r ON r.line = w.line
  JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = w.id
 WHERE {{ setting("messaging") }} = '1' AND NOT (c.name <=> BINARY g.name AND NOT (c.enabled AND COALESCE(r.visibility, 0) > 1));

UPDATE toolsync_talk_changed w
  STRAIGHT_JOIN {message_conversations} c ON c.id = w.id
   SET c.timemodified = @now, c.enabled = IF(w.hidden, 0, c.enabled), c.name = w.name;
