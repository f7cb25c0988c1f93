-- Update what `updateid` names with the columns of the file. A group with hidden members (visibility 2, 3) has no participation.
{% set changes = [("name", "r.name"), ("idnumber", "r.idnumber"), ("description", "r.description")] %}
{% set group_changes = changes + [("enrolmentkey", "r.enrolmentkey")] %}
{% if site_has("groups", "visibility") %}
{% set group_changes = group_changes + [("visibility", "r.visibility"), ("participation", "IF(r.visibility > 1, 0, r.participation)")] %}
{% endif %}
{% for kind, name, columns in [("group", "groups", group_changes), ("grouping", "groupings", changes)] %}
CREATE TEMPORARY TABLE toolsync_changed_{{ kind }} (line INT UNSIGNED NOT NULL PRIMARY KEY, id BIGINT NOT NULL);

INSERT INTO toolsync_changed_{{ kind }} (line, id)
SELECT r.line, g.id
  FROM toolsync_row r
  JOIN {{ table(name) }} g ON g.id = r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.kind = '{{ kind }}' AND r.updateid <> ''
   AND ({% for column, value in columns %}{{ " OR " if not loop.first }}NOT COALESCE({{ "NULLIF(r.name, '')" if column == "name" else value }}, g.{{ column }}) <=> BINARY g.{{ column }}{% endfor %});

UPDATE {{ table(name) }} g
  JOIN toolsync_changed_{{ kind }} w ON w.id = g.id
  JOIN toolsync_row r ON r.line = w.line
   SET {% for column, value in columns %}g.{{ column }} = COALESCE({{ "NULLIF(r.name, '')" if column == "name" else value }}, g.{{ column }}), {% endfor %}g.timemodified = @now;

UPDATE toolsync_row r
  JOIN toolsync_changed_{{ kind }} w ON w.line = r.line
   SET r.status = 'updated';

INSERT IGNORE INTO toolsync_stale (topic)
SELECT 'groups' FROM toolsync_changed_{{ kind }} w LIMIT 1;
{% endfor %}

-- A group's conversation has the group's name, and is disabled if the members are hidden.
UPDATE {message_conversations} c
  JOIN toolsync_changed_group w ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = w.id
  JOIN {groups} g ON g.id = w.id
  JOIN toolsync_row r ON r.line = w.line
   SET c.timemodified = IF(c.name <=> BINARY g.name AND NOT (c.enabled AND COALESCE(r.visibility, 0) > 1), c.timemodified, @now),
       c.enabled = IF(r.visibility > 1, 0, c.enabled), c.name = g.name
 WHERE {{ setting("messaging") }} = '1';
