-- Empty the contexts in toolsync_emptied as context::delete_content does: blocks with their own contexts, files, filters, comments, ratings,
-- repositories, roles. The rows of the contexts themselves stay: the caller deletes them if they go, too.

CREATE TEMPORARY TABLE toolsync_block_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_block_gone (id)
SELECT b.id FROM toolsync_emptied e JOIN {block_instances} b ON b.parentcontextid = e.contextid;

INSERT INTO toolsync_emptied (contextid, blockid)
SELECT c.id, b.id FROM toolsync_block_gone b JOIN {context} c ON c.contextlevel = 80 AND c.instanceid = b.id;

DROP TEMPORARY TABLE IF EXISTS toolsync_file_gone;
CREATE TEMPORARY TABLE toolsync_file_gone (id BIGINT NOT NULL PRIMARY KEY, draftid BIGINT NOT NULL);

INSERT INTO toolsync_file_gone (id, draftid)
SELECT f.id, MIN(f.id) OVER (PARTITION BY f.contextid, f.component, f.filearea, f.itemid)
  FROM toolsync_emptied e
  JOIN {files} f ON f.contextid = e.contextid;

{% include "shared/files_gone.sql" %}

DELETE rc FROM {repository_instance_config} rc
  JOIN {repository_instances} ri ON ri.id = rc.instanceid
  JOIN toolsync_emptied e ON e.contextid = ri.contextid;

{% for name in ["filter_active", "filter_config", "comments", "rating", "repository_instances", "role_assignments", "role_names",
                 "role_capabilities", "block_positions"] %}
DELETE x FROM {{ table(name) }} x JOIN toolsync_emptied e ON e.contextid = x.contextid;
{% endfor %}

DELETE p FROM {block_positions} p JOIN toolsync_block_gone b ON b.id = p.blockinstanceid;

{% for name in ["CONCAT('block', b.id, 'hidden')", "CONCAT('docked_block_instance_', b.id)"] %}
DELETE p FROM toolsync_block_gone b JOIN {user_preferences} p ON p.name = {{ name }};
{% endfor %}

DELETE b FROM {block_instances} b JOIN toolsync_block_gone g ON g.id = b.id;

DELETE c FROM {context} c JOIN toolsync_emptied e ON e.contextid = c.id WHERE e.blockid IS NOT NULL;
