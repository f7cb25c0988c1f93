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

{% with may_have_aliases=true %}{% include "shared/files_gone.sql" %}{% endwith %}

CREATE TEMPORARY TABLE toolsync_repository_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_repository_gone (id)
SELECT ri.id FROM toolsync_emptied e JOIN {repository_instances} ri ON ri.contextid = e.contextid;

-- Files that come from these repositories become copies of what was downloaded last. toolsync_undownloaded has those that were not: they are empty.
DROP TEMPORARY TABLE IF EXISTS toolsync_unlinked;
CREATE TEMPORARY TABLE toolsync_unlinked (id BIGINT NOT NULL PRIMARY KEY, referenceid BIGINT NOT NULL, KEY (referenceid));
CREATE TEMPORARY TABLE toolsync_undownloaded (id BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL);

INSERT INTO toolsync_unlinked (id, referenceid)
SELECT f.id, r.id
  FROM toolsync_repository_gone g
  STRAIGHT_JOIN {files_reference} r {{ by_index("files_reference", "repositoryid") }} ON r.repositoryid = g.id
  STRAIGHT_JOIN {files} f {{ by_index("files", "referencefileid") }} ON f.referencefileid = r.id;

INSERT INTO toolsync_undownloaded (id, contextid)
SELECT f.id, ri.contextid
  FROM toolsync_unlinked u
  JOIN {files} f ON f.id = u.id AND f.filesize = 0
  JOIN {files_reference} r ON r.id = u.referenceid
  JOIN {repository_instances} ri ON ri.id = r.repositoryid;

{% include "shared/unlink.sql" %}

CREATE TEMPORARY TABLE toolsync_repository_config_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_repository_config_gone (id)
SELECT rc.id FROM toolsync_repository_gone g JOIN {repository_instance_config} rc ON rc.instanceid = g.id;

DELETE rc FROM toolsync_repository_config_gone g STRAIGHT_JOIN {repository_instance_config} rc ON rc.id = g.id;

DELETE ri FROM toolsync_repository_gone g STRAIGHT_JOIN {repository_instances} ri ON ri.id = g.id;

{% for name in ["filter_active", "filter_config", "comments", "rating", "role_assignments", "role_names",
                 "role_capabilities", "block_positions"] %}
DELETE x FROM toolsync_emptied e STRAIGHT_JOIN {{ table(name) }} x {{ by_index(name, "contextid") }} ON x.contextid = e.contextid;
{% endfor %}

DELETE p FROM toolsync_block_gone b STRAIGHT_JOIN {block_positions} p {{ by_index("block_positions", "blockinstanceid") }} ON p.blockinstanceid = b.id;

{% for name in ["CONCAT('block', b.id, 'hidden')", "CONCAT('docked_block_instance_', b.id)"] %}
DELETE p FROM toolsync_block_gone b STRAIGHT_JOIN {user_preferences} p {{ by_index("user_preferences", "name") }} ON p.name = {{ name }};
{% endfor %}

DELETE b FROM toolsync_block_gone g STRAIGHT_JOIN {block_instances} b ON b.id = g.id;

DELETE c FROM toolsync_emptied e STRAIGHT_JOIN {context} c ON c.id = e.contextid WHERE e.blockid IS NOT NULL;
