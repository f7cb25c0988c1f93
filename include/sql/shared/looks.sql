{#
  Add to faults that a value names nothing what only looks like it. `looked` has for each value: its column, the table of the site, as x, the field, and further
  conditions on x, which may name the line `l` in toolsync_line.
#}
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_lost (line INT UNSIGNED NOT NULL PRIMARY KEY, field VARCHAR(50) NOT NULL);
CREATE TEMPORARY TABLE toolsync_looks (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);

INSERT INTO toolsync_lost (line, field)
SELECT f.line, SUBSTRING_INDEX(f.fault, '|', 1) FROM toolsync_fault f WHERE f.fault LIKE '%|no % has this %';
{% for column, name, by, among in looked if by != "id" %}

INSERT IGNORE INTO toolsync_looks (line, name)
SELECT u.line, x.`{{ by }}`
  FROM toolsync_lost u
  JOIN toolsync_row r ON r.line = u.line
  JOIN toolsync_line l ON l.line = u.line
  STRAIGHT_JOIN {{ table(name) }} x {{ named.index(name, by) }} ON {{ named.alike("x", by, "r." ~ column) }} AND {{ among }}
 WHERE u.field = '{{ column }}'
 ORDER BY x.id;
{% endfor %}

UPDATE toolsync_fault f
  JOIN toolsync_looks k ON k.line = f.line
   SET f.fault = CONCAT(f.fault, ', only ', k.name, ', which looks like it');
{% for column, name, by, among in looked if name == "course" and named.may_go %}

DROP TEMPORARY TABLE IF EXISTS toolsync_going;
CREATE TEMPORARY TABLE toolsync_going (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_going (line)
SELECT u.line
  FROM toolsync_lost u
  JOIN toolsync_row r ON r.line = u.line
  STRAIGHT_JOIN {course} x {{ named.index("course", by) }} ON {{ named.equal("x", by, "r." ~ column) }} AND {{ named.is_going("x") }}
 WHERE u.field = '{{ column }}';

UPDATE toolsync_fault f
  JOIN toolsync_going g ON g.line = f.line
   SET f.fault = '{{ column }}|this course is being deleted';
{% endfor %}
