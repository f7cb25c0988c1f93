{% macro kind_of(reason) %}LEFT(REGEXP_REPLACE({{ reason }}, '"[^"]*"|[0-9]+', '#'), 255){% endmacro %}
-- What was put back, by table.
CREATE TEMPORARY TABLE toolsync_sum (line INT UNSIGNED NOT NULL, side VARCHAR(10) NOT NULL, name VARCHAR(64) NOT NULL, counted INT NOT NULL, KEY (line));
{% for name, what in undone.items() %}
{% for side, there in [("back", what.deleted), ("was", what.changed), ("unmake", what.made)] if there %}

INSERT INTO toolsync_sum (line, side, name, counted)
SELECT w.toolsync_line, '{{ side }}', '{{ name }}', COUNT(*) FROM toolsync_{{ side }}_{{ name }} w GROUP BY w.toolsync_line;
{% endfor %}
{% endfor %}

INSERT INTO toolsync_sum (line, side, name, counted)
SELECT s.line, 'stay', s.name, COUNT(*) FROM toolsync_stays s GROUP BY s.line, s.name;

UPDATE toolsync_row r
  JOIN (SELECT s.line, SUM(IF(s.side = 'back', s.counted, 0)) AS returned, SUM(IF(s.side = 'was', s.counted, 0)) AS changedback,
               SUM(IF(s.side = 'unmake', s.counted, 0)) AS removed, SUM(IF(s.side = 'stay', s.counted, 0)) AS stay
          FROM toolsync_sum s
         GROUP BY s.line) k ON k.line = r.line
   SET r.returned = k.returned, r.changedback = k.changedback, r.removed = k.removed, r.stay = k.stay;

-- The plan that a person approves.
CREATE TEMPORARY TABLE toolsync_plan (
    line INT UNSIGNED NOT NULL PRIMARY KEY, part VARCHAR(255) NOT NULL, name TEXT NULL, returned INT NOT NULL, changed_back INT NOT NULL, removed INT NOT NULL, stay INT NOT NULL
);

INSERT INTO toolsync_plan (line, part, name, returned, changed_back, removed, stay)
SELECT r.line, CONCAT(r.type, '/', r.run, '/', r.part), CONCAT_WS(', ', COALESCE(NULLIF(r.file, ''), r.run), CONCAT('lines ', NULLIF(r.lines, ''))), r.returned, r.changedback, r.removed, r.stay
  FROM toolsync_row r
 WHERE r.status IS NULL AND (r.returned + r.changedback + r.removed + r.stay) > 0;

INSERT INTO toolsync_note (line, message)
SELECT r.line, CONCAT('put back: ', r.returned, ' rows taken away returned, ', r.changedback, ' got their old values, ', r.removed, ' that were made went; ', r.stay, ' could not be put back')
  FROM toolsync_row r
 WHERE r.status IS NULL;

-- The line comes back with what could not be put back, a reason for each kind of row.
CREATE TEMPORARY TABLE toolsync_why (
    line INT UNSIGNED NOT NULL, name VARCHAR(64) NOT NULL, was VARCHAR(30) NOT NULL, kind VARCHAR(255) NOT NULL, counted INT NOT NULL, id BIGINT NOT NULL, KEY (line)
);

INSERT INTO toolsync_why (line, name, was, kind, counted, id)
SELECT a.line, a.name, a.was, {{ kind_of("a.reason") }} AS kind, COUNT(*), MIN(a.id)
  FROM toolsync_answer a
 GROUP BY a.line, a.name, a.was, kind;

INSERT INTO toolsync_problem (line, field, message)
SELECT w.line, NULL, CONCAT(IF(w.counted > 1, CONCAT(w.counted, ' rows of ', w.name, ' that were ', w.was, ' stay; the first: '), ''),
                            MIN(CONCAT(a.name, ' ', a.id, IF(a.about IS NULL, '', CONCAT(' (', a.about, ')')), ': ', a.reason)))
  FROM toolsync_why w
  JOIN toolsync_answer a ON a.line = w.line AND a.name = w.name AND a.was = w.was AND a.id = w.id AND {{ kind_of("a.reason") }} = w.kind
 GROUP BY w.line, w.name, w.was, w.kind, w.counted
 ORDER BY w.line, w.name;

CREATE TEMPORARY TABLE toolsync_done (line INT UNSIGNED NOT NULL PRIMARY KEY);

-- python: mark_undone INTO toolsync_done
SELECT r.line, r.type, r.run, r.part, r.returned + r.changedback + r.removed, r.stay FROM toolsync_row r WHERE r.status IS NULL ORDER BY r.line;

UPDATE toolsync_row r SET r.status = IF(r.returned + r.changedback + r.removed > 0, 'updated', 'unchanged') WHERE r.status IS NULL;
