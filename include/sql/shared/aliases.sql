-- Find the aliases of the files in {{ going }}: toolsync_unlinked. Moodle makes them files of their own; those in draft areas stay aliases.
{% from "shared/reference_hash.sql" import reference_hash with context %}
DROP TEMPORARY TABLE IF EXISTS toolsync_aliased;
DROP TEMPORARY TABLE IF EXISTS toolsync_unlinked;
CREATE TEMPORARY TABLE toolsync_aliased (referenceid BIGINT NOT NULL PRIMARY KEY, source BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_unlinked (id BIGINT NOT NULL PRIMARY KEY, referenceid BIGINT NOT NULL, source BIGINT NULL, goes TINYINT NOT NULL DEFAULT 0, KEY (referenceid));

INSERT IGNORE INTO toolsync_aliased (referenceid, source)
SELECT r.id, f.id
  FROM {{ going }} d
  STRAIGHT_JOIN {files} f ON f.id = d.id AND f.filename <> '.'
  STRAIGHT_JOIN {files_reference} r {{ by_index("files_reference", "referencehash") }} ON r.referencehash = {{ reference_hash() }};

-- Files go in the order of their ids: an alias that goes, too, is still there only if it comes after its file.
INSERT INTO toolsync_unlinked (id, referenceid, source, goes)
SELECT f.id, a.referenceid, a.source, d.id IS NOT NULL
  FROM toolsync_aliased a
  STRAIGHT_JOIN {files} f {{ by_index("files", "referencefileid") }} ON f.referencefileid = a.referenceid AND NOT (f.component = 'user' AND f.filearea = 'draft')
  LEFT JOIN {{ going }} d ON d.id = f.id
 WHERE d.id IS NULL OR f.id > a.source;
