-- Make the aliases in toolsync_unlinked files of their own, and delete what they referred by, unless a draft file still does.
DROP TEMPORARY TABLE IF EXISTS toolsync_reference_gone;
DROP TEMPORARY TABLE IF EXISTS toolsync_reference_drafted;
CREATE TEMPORARY TABLE toolsync_reference_gone (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_reference_drafted (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_reference_gone (id) SELECT u.referenceid FROM toolsync_unlinked u;

UPDATE toolsync_unlinked u STRAIGHT_JOIN {files} f ON f.id = u.id SET f.referencefileid = NULL;

INSERT INTO toolsync_reference_drafted (id)
SELECT DISTINCT g.id
  FROM toolsync_reference_gone g
  STRAIGHT_JOIN {files} f {{ by_index("files", "referencefileid") }} ON f.referencefileid = g.id
 WHERE f.component = 'user' AND f.filearea = 'draft';

DELETE g FROM toolsync_reference_gone g JOIN toolsync_reference_drafted k ON k.id = g.id;

DELETE r FROM toolsync_reference_gone g STRAIGHT_JOIN {files_reference} r ON r.id = g.id;
