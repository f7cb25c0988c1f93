-- The rows whose value names nothing; into toolsync_alike goes what only looks like it.
DROP TEMPORARY TABLE IF EXISTS toolsync_unfound;
DROP TEMPORARY TABLE IF EXISTS toolsync_alike;
CREATE TEMPORARY TABLE toolsync_unfound (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));
CREATE TEMPORARY TABLE toolsync_alike (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (line, n));

INSERT INTO toolsync_unfound (line, n)
SELECT r.line, {{ "r." ~ n if n is defined else 0 }}
  FROM {{ rows }} r
  LEFT JOIN toolsync_found f ON f.line = r.line AND f.n = {{ "r." ~ n if n is defined else 0 }}
 WHERE r.status IS NULL AND r.`{{ value }}` <> '' AND f.line IS NULL;
