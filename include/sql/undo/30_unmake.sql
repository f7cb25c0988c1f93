{% from "shared/computed_grades.sql" import computed %}
{% from "undo/terms.sql" import seen with context %}
-- Courses whose totals Moodle has worked out with grade items that go now, or without some that stay. A total that goes itself leaves its place to the old one.
CREATE TEMPORARY TABLE toolsync_totalled (courseid BIGINT NOT NULL PRIMARY KEY);
{% if undone.grade_items is defined and undone.grade_items.made %}

INSERT IGNORE INTO toolsync_totalled (courseid)
SELECT total.courseid
  FROM toolsync_unmake_grade_items m
  STRAIGHT_JOIN {grade_items} t ON t.id = m.id
  STRAIGHT_JOIN {grade_items} total {{ by_index("grade_items", "courseid") }} ON total.courseid = t.courseid AND total.itemtype = 'course' AND total.needsupdate = 0
 GROUP BY total.courseid, total.id
HAVING MAX(total.id = m.id) = 0;

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_totalled (courseid)
SELECT DISTINCT t.courseid
  FROM toolsync_stays s
  JOIN {grade_items} t ON t.id = s.id
 WHERE s.name = 'grade_items' AND s.what = 'made';
{% endif %}

INSERT IGNORE INTO toolsync_totalled (courseid)
SELECT DISTINCT t.courseid
  FROM toolsync_place_grade_categories p
  STRAIGHT_JOIN {grade_items} t {{ by_index("grade_items", "categoryid") }} ON t.categoryid = p.home
{% if "grade_items" in undone and undone.grade_items.made %}
  LEFT JOIN toolsync_unmake_grade_items m ON m.id = t.id
 WHERE m.id IS NULL
{% endif %};

-- Delete the rows that the run made, what hangs on others first, with what only says that somebody looked at them, and with what Moodle works out.
{% for name in undone | reverse if undone[name].made %}
{% for one in references_to(name) if one.table in seen or one.table == "context" %}
{% if one.table in left_behind() %}

-- Moodle leaves them: those that were there already do no harm.
INSERT INTO toolsync_these (id)
SELECT x.id
  FROM toolsync_unmake_{{ name }} m
  STRAIGHT_JOIN {{ table(one.table) }} x {{ by_index(one.table, one.column) }} ON x.`{{ one.column }}` = m.id
  LEFT JOIN toolsync_lasting o ON o.name = '{{ one.table }}' AND o.id >= x.id
 WHERE o.id IS NULL;

-- when: toolsync_these
DELETE t FROM toolsync_these k STRAIGHT_JOIN {{ table(one.table) }} t ON t.id = k.id;

-- when: toolsync_these
DELETE FROM toolsync_these;
{% else %}

DELETE x
  FROM toolsync_unmake_{{ name }} m
  STRAIGHT_JOIN {{ table(one.table) }} x {{ by_index(one.table, "contextlevel", one.column) if one.level else by_index(one.table, one.column) }} ON {{ "x.contextlevel = " ~ one.level ~ " AND " if one.level }}x.`{{ one.column }}` = m.id;
{% endif %}
{% endfor %}
{% if name == "grade_items" %}

INSERT INTO toolsync_these (id)
SELECT x.id
  FROM toolsync_unmake_grade_items m
  STRAIGHT_JOIN {grade_grades} x {{ by_index("grade_grades", "itemid") }} ON x.itemid = m.id
 WHERE {{ computed("x") }};

-- when: toolsync_these
DELETE t FROM toolsync_these k STRAIGHT_JOIN {grade_grades} t ON t.id = k.id;

-- when: toolsync_these
DELETE FROM toolsync_these;
{% endif %}

DELETE t FROM toolsync_unmake_{{ name }} m STRAIGHT_JOIN {{ table(name) }} t ON t.id = m.id;
{% endfor %}
