-- Delete rows that were created.
{% from "courses_restore/tables.sql" import tables with context %}
CREATE TEMPORARY TABLE toolsync_failed (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_failed (line) SELECT r.line FROM toolsync_row r WHERE r.status = 'failed';
{% for name in tables if site_has(name) %}
{% for side in ["back", "was", "became", "unmake"] %}

-- when: toolsync_failed
-- when: toolsync_{{ side }}_{{ name }}
DELETE b FROM toolsync_{{ side }}_{{ name }} b JOIN toolsync_failed x ON x.line = b.toolsync_line;
{% endfor %}
{% endfor %}

-- Another top category of a course's grades than the one that comes back.
CREATE TEMPORARY TABLE toolsync_other_top (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, backid BIGINT NOT NULL);

-- when: toolsync_back_grade_categories
INSERT IGNORE INTO toolsync_other_top (id, courseid, backid)
SELECT t.id, b.courseid, b.id
  FROM toolsync_back_grade_categories b
  STRAIGHT_JOIN {grade_categories} t {{ by_index("grade_categories", "courseid") }} ON t.courseid = b.courseid AND t.depth = 1 AND t.id <> b.id
 WHERE b.depth = 1
 ORDER BY b.id;
{% for name in tables[::-1] if site_has(name) %}

-- when: toolsync_unmake_{{ name }}
DELETE t FROM toolsync_unmake_{{ name }} b STRAIGHT_JOIN {{ table(name) }} t ON t.id = b.id;
{% endfor %}
