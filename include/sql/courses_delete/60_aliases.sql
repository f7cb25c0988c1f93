-- when: toolsync_alias
INSERT INTO toolsync_before_files
SELECT a.courseid, t.* FROM toolsync_alias a JOIN {files} t ON t.id = a.id;

-- when: toolsync_alias
UPDATE {files} f
  JOIN toolsync_alias a ON a.id = f.id
   SET f.referencefileid = NULL;
