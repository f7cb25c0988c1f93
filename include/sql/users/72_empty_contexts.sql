-- Empty the context of a deleted account. The context itself stays; the contexts of dashboard blocks go with the blocks.
{% if given("deleted") %}

CREATE TEMPORARY TABLE toolsync_emptied (contextid BIGINT NOT NULL PRIMARY KEY, blockid BIGINT NULL, KEY (blockid));

INSERT INTO toolsync_emptied (contextid)
SELECT c.id
  FROM toolsync_deleted d
  STRAIGHT_JOIN {context} c {{ by_index("context", "contextlevel", "instanceid") }} ON c.contextlevel = 30 AND c.instanceid = d.userid;

{% include "shared/empty_contexts.sql" %}

{% from "shared/undownloaded.sql" import undownloaded with context %}
INSERT INTO toolsync_note (line, field, message)
SELECT d.line, 'deleted', {{ undownloaded("the account") }}
  FROM toolsync_undownloaded n
  JOIN {files} f ON f.id = n.id
  JOIN {context} c ON c.id = n.contextid
  JOIN toolsync_deleted d ON d.userid = c.instanceid
 ORDER BY f.id;
{% endif %}
