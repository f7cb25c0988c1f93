{# Of the things that a line may mean (`these`), keep those that are written exactly so, if there are such. #}

DROP TEMPORARY TABLE IF EXISTS toolsync_written;
CREATE TEMPORARY TABLE toolsync_written (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_written (line)
SELECT m.line FROM {{ these }} m WHERE m.best = 1;

DELETE m FROM {{ these }} m JOIN toolsync_written w ON w.line = m.line WHERE m.best = 0;
