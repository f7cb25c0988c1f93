{% from "undo/terms.sql" import sides with context %}
-- The rows of the part: toolsync_back_<table> (taken away), toolsync_was_<table> and toolsync_became_<table> (before and after a change; a column of which both
-- hold the same was not changed), toolsync_unmake_<table> (made).
{% for name, what in undone.items() %}
{% if what.deleted %}

CREATE TEMPORARY TABLE toolsync_back_{{ name }} (PRIMARY KEY (id)) AS
SELECT CAST(0 AS UNSIGNED) AS toolsync_line, t.* FROM {{ table(name) }} t LIMIT 0;
{% endif %}
{% if what.changed %}
{% for side in ["was", "became"] %}

CREATE TEMPORARY TABLE toolsync_{{ side }}_{{ name }} (PRIMARY KEY (id)) AS
SELECT CAST(0 AS UNSIGNED) AS toolsync_line, t.id{% for column in what.changed %}, n.`{{ column }}`{% endfor %}

  FROM {{ table(name) }} t
  LEFT JOIN {{ table(name) }} n ON FALSE
 LIMIT 0;
{% endfor %}
{% endif %}
{% if what.made %}

CREATE TEMPORARY TABLE toolsync_unmake_{{ name }} (
    toolsync_line INT UNSIGNED NOT NULL, id BIGINT NOT NULL, hash CHAR(16) NULL{% for column in what.refers %}, `{{ column }}` BIGINT NULL{% endfor %}, PRIMARY KEY (id)
);
{% endif %}
{% endfor %}

CREATE TEMPORARY TABLE toolsync_loaded (line INT UNSIGNED NOT NULL PRIMARY KEY, made BIGINT NULL, status VARCHAR(10) NULL, message TEXT NULL);

-- python: load_undo_parts INTO toolsync_loaded
SELECT r.line, r.type, r.run, r.part FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_loaded l ON l.line = r.line
   SET r.status = l.status, r.message = IF(l.status = 'failed', l.message, NULL)
 WHERE l.status IS NOT NULL;

INSERT INTO toolsync_note (line, message)
SELECT l.line, l.message FROM toolsync_loaded l WHERE l.status = 'unchanged';

-- Tables in which Moodle leaves rows, with the highest id that each had when the run put rows back: of these rows, what was there already is no use since.
CREATE TEMPORARY TABLE toolsync_lasting (name VARCHAR(64) NOT NULL PRIMARY KEY, id BIGINT NOT NULL);

-- python: highest_ids_then INTO toolsync_lasting
SELECT r.type, r.run, r.part FROM toolsync_row r WHERE r.status IS NULL;

-- @made: when the part was written, in Unix seconds; NULL: there is none to undo
SET @made = (SELECT MIN(l.made) FROM toolsync_loaded l WHERE l.status IS NULL);

-- What can't be put back, and why. `holder`, `holderid`: the row that needs it.
CREATE TEMPORARY TABLE toolsync_stays (
    name VARCHAR(64) NOT NULL, id BIGINT NOT NULL, line INT UNSIGNED NOT NULL, what VARCHAR(10) NOT NULL, reason VARCHAR(255) NOT NULL, also VARCHAR(700) NOT NULL DEFAULT '',
    holder VARCHAR(64) NULL, holderid BIGINT NULL, PRIMARY KEY (name, id)
);

-- Rows of a table for the next statements.
CREATE TEMPORARY TABLE toolsync_these (id BIGINT NOT NULL PRIMARY KEY);
