{% include "shared/course/keep.sql" %}

{% from "shared/undownloaded.sql" import undownloaded with context %}
-- when: toolsync_of_repository_instances
-- when: toolsync_alias
INSERT INTO toolsync_note (line, message)
SELECT r.line, {{ undownloaded("the course") }}
  FROM toolsync_row r
  JOIN toolsync_alias a ON a.courseid = r.courseid
  JOIN {files} f ON f.id = a.id AND f.filesize = 0
  JOIN {files_reference} fr ON fr.id = a.referenceid
  JOIN toolsync_of_repository_instances g ON g.id = fr.repositoryid
 WHERE r.status IS NULL
 ORDER BY f.id;
