-- Delete grade items, categories, scales, outcomes and settings of the course. Then create its top category, and the items of activities as these do.
CREATE TEMPORARY TABLE toolsync_gradebook (courseid BIGINT NOT NULL PRIMARY KEY, categoryid BIGINT NULL);

INSERT INTO toolsync_gradebook (courseid)
SELECT a.courseid FROM toolsync_asked a WHERE a.name = 'gradebook_items';

CREATE TEMPORARY TABLE toolsync_item_old (PRIMARY KEY (id), KEY (courseid)) AS SELECT gi.* FROM {grade_items} gi LIMIT 0;

-- when: toolsync_gradebook
INSERT INTO toolsync_item_old
SELECT gi.* FROM toolsync_gradebook k JOIN {grade_items} gi ON gi.courseid = k.courseid WHERE gi.itemtype = 'mod';

CREATE TEMPORARY TABLE toolsync_gradebook_file (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_gradebook
INSERT INTO toolsync_gradebook_file (id)
SELECT f.id
  FROM toolsync_gradebook k
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = k.courseid
  JOIN {files} f ON f.contextid = c.id AND f.component = 'grade' AND f.filearea = 'feedback';
{% for name in ["scale", "grade_outcomes"] %}

-- when: toolsync_gradebook
INSERT INTO toolsync_gradebook_file (id)
SELECT f.id
  FROM toolsync_gradebook k
  JOIN {{ table(name) }} s ON s.courseid = k.courseid
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = k.courseid
  JOIN {files} f ON f.contextid = c.id AND f.component = 'grade' AND f.filearea = '{{ "scale" if name == "scale" else "outcome" }}' AND f.itemid = s.id;
{% endfor %}

-- when: toolsync_gradebook_file
DELETE f FROM toolsync_gradebook_file w STRAIGHT_JOIN {files} f ON f.id = w.id;
{% for name in ["grade_items", "grade_categories", "grade_outcomes_courses", "grade_outcomes", "scale", "grade_settings"] %}

-- when: toolsync_gradebook
DELETE t FROM toolsync_gradebook k STRAIGHT_JOIN {{ table(name) }} t {{ by_index(name, "courseid") }} ON t.courseid = k.courseid;
{% endfor %}

-- when: toolsync_gradebook
-- chunks: toolsync_gradebook.courseid
INSERT INTO {grade_categories} (courseid, parent, depth, path, fullname, aggregation, keephigh, droplow, aggregateonlygraded, aggregateoutcomes, timecreated, timemodified, hidden)
SELECT k.courseid, NULL, 1, NULL, '?',
       COALESCE({{ setting("grade_aggregation") }}, 13), COALESCE({{ setting("grade_keephigh") }}, 0),
       COALESCE({{ setting("grade_droplow") }}, 0), COALESCE({{ setting("grade_aggregateonlygraded") }}, 1),
       COALESCE({{ setting("grade_aggregateoutcomes") }}, 0), @now, @now, 0
  FROM toolsync_gradebook k
 WHERE k.courseid BETWEEN @first AND @last
 ORDER BY k.courseid;

CREATE TEMPORARY TABLE toolsync_top_category (courseid BIGINT NOT NULL PRIMARY KEY, id BIGINT NOT NULL);

-- when: toolsync_gradebook
INSERT INTO toolsync_top_category (courseid, id)
SELECT k.courseid, MAX(c.id) FROM toolsync_gradebook k JOIN {grade_categories} c ON c.courseid = k.courseid GROUP BY k.courseid;

-- when: toolsync_gradebook
UPDATE toolsync_gradebook k JOIN toolsync_top_category c ON c.courseid = k.courseid SET k.categoryid = c.id;

-- when: toolsync_top_category
UPDATE toolsync_top_category w
  STRAIGHT_JOIN {grade_categories} c ON c.id = w.id
   SET c.path = CONCAT('/', c.id, '/');

-- when: toolsync_gradebook
-- chunks: toolsync_gradebook.courseid
INSERT INTO {grade_items} (courseid, categoryid, itemtype, iteminstance, gradetype, grademax, grademin, sortorder, needsupdate, timecreated, timemodified)
SELECT k.courseid, NULL, 'course', k.categoryid, 1, 100, 0, 1, 1, @now, @now
  FROM toolsync_gradebook k
 WHERE k.courseid BETWEEN @first AND @last
 ORDER BY k.courseid;

-- H5P activities and workshops send no idnumber with their grades. A scale of the course is gone by now. Of items of one grade, one comes back.
-- when: toolsync_item_old
-- chunks: toolsync_gradebook.courseid
INSERT INTO {grade_items} (courseid, categoryid, itemname, itemtype, itemmodule, iteminstance, itemnumber, idnumber, gradetype, grademax, grademin, scaleid, hidden,
       sortorder, needsupdate, timecreated, timemodified)
SELECT o.courseid, k.categoryid, o.itemname, 'mod', o.itemmodule, o.iteminstance, o.itemnumber,
       IF(o.itemmodule IN ('h5pactivity', 'workshop'), NULL, o.idnumber), o.gradetype,
       IF(o.gradetype = 1 OR sc.id IS NOT NULL, o.grademax, 100), IF(o.gradetype = 1 OR sc.id IS NOT NULL, o.grademin, 0), IF(o.gradetype = 2, o.scaleid, NULL),
       IF(o.itemmodule = 'quiz', o.hidden, 0),
       1 + ROW_NUMBER() OVER (PARTITION BY o.courseid ORDER BY o.itemmodule, o.iteminstance, o.itemnumber), 1, @now, @now
  FROM toolsync_gradebook k
  JOIN toolsync_item_old o ON o.courseid = k.courseid
  JOIN {modules} m ON m.name = o.itemmodule AND m.visible = 1
  LEFT JOIN {scale} sc ON o.gradetype = 2 AND sc.id = o.scaleid
  LEFT JOIN toolsync_item_double d ON d.id = o.id AND d.place > 1
 WHERE d.id IS NULL AND EXISTS (SELECT 1 FROM {course_modules} cm WHERE cm.course = o.courseid AND cm.module = m.id AND cm.instance = o.iteminstance)
   AND o.gradetype <> 0 AND o.outcomeid IS NULL AND o.itemnumber < 1000 AND k.courseid BETWEEN @first AND @last
 ORDER BY o.courseid, o.itemmodule, o.iteminstance, o.itemnumber;

-- Natural weights, as far as Moodle computes them at once{{ ": the last quiz makes it compute the items up to its own" if moodle_since("5.0") }}.
CREATE TEMPORARY TABLE toolsync_weighed (courseid BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL);

-- when: toolsync_item_old
INSERT INTO toolsync_weighed (courseid, place)
SELECT gi.courseid, MAX(gi.sortorder)
  FROM toolsync_gradebook k
  JOIN {grade_categories} c ON c.id = k.categoryid AND c.aggregation = 13
  JOIN {grade_items} gi ON gi.courseid = k.courseid AND {{ "gi.itemmodule = 'quiz'" if moodle_since("5.0") else "gi.itemtype = 'mod'" }}
 GROUP BY gi.courseid;

CREATE TEMPORARY TABLE toolsync_weighed_total (courseid BIGINT NOT NULL PRIMARY KEY, total DECIMAL(15,5) NOT NULL);

-- when: toolsync_weighed
INSERT INTO toolsync_weighed_total (courseid, total)
SELECT w.courseid, SUM(gi.grademax)
  FROM toolsync_weighed w
  JOIN {grade_items} gi ON gi.courseid = w.courseid AND gi.itemtype = 'mod' AND gi.gradetype = 1 AND gi.sortorder <= w.place
 GROUP BY w.courseid;

CREATE TEMPORARY TABLE toolsync_item_weight (id BIGINT NOT NULL PRIMARY KEY, total DECIMAL(15,5) NOT NULL);

-- when: toolsync_weighed_total
INSERT INTO toolsync_item_weight (id, total)
SELECT gi.id, s.total
  FROM toolsync_weighed w
  JOIN toolsync_weighed_total s ON s.courseid = w.courseid
  JOIN {grade_items} gi ON gi.courseid = w.courseid
 WHERE s.total > 0 AND (gi.itemtype = 'course' OR gi.gradetype = 1 AND gi.sortorder <= w.place);

-- when: toolsync_item_weight
UPDATE toolsync_item_weight w
  STRAIGHT_JOIN {grade_items} gi ON gi.id = w.id
   SET gi.aggregationcoef2 = IF(gi.itemtype = 'mod', gi.grademax / w.total, 0), gi.grademax = IF(gi.itemtype = 'course', w.total, gi.grademax);

CREATE TEMPORARY TABLE toolsync_item_again (oldid BIGINT NOT NULL PRIMARY KEY, newid BIGINT NOT NULL);

-- when: toolsync_item_old
INSERT INTO toolsync_item_again (oldid, newid)
SELECT o.id, gi.id
  FROM toolsync_item_old o
  JOIN {grade_items} gi ON gi.courseid = o.courseid AND gi.itemtype = 'mod' AND gi.itemmodule = o.itemmodule AND gi.iteminstance = o.iteminstance
                       AND gi.itemnumber = o.itemnumber;

-- when: toolsync_gradebook
DELETE b FROM toolsync_grade_back b
  JOIN toolsync_gradebook k ON k.courseid = b.courseid
  LEFT JOIN toolsync_item_again n ON n.oldid = b.itemid
 WHERE n.oldid IS NULL;

-- when: toolsync_item_again
UPDATE toolsync_grade_back b
  JOIN toolsync_item_again n ON n.oldid = b.itemid
   SET b.newitemid = n.newid;

CREATE TEMPORARY TABLE toolsync_back_double (seq BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_item_double
INSERT INTO toolsync_back_double (seq)
SELECT n.seq
  FROM (SELECT b.seq, ROW_NUMBER() OVER (PARTITION BY b.newitemid, b.userid ORDER BY b.itemid) AS place FROM toolsync_grade_back b WHERE b.newitemid IS NOT NULL) n
 WHERE n.place > 1;

-- when: toolsync_back_double
DELETE b FROM toolsync_grade_back b JOIN toolsync_back_double d ON d.seq = b.seq;

-- when: toolsync_gradebook
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('grade_categories');
{% for name in ["grade_categories", "grade_items"] %}

CREATE TEMPORARY TABLE toolsync_made_{{ name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: toolsync_gradebook
INSERT INTO toolsync_made_{{ name }} (id, courseid)
SELECT t.id, k.courseid FROM toolsync_gradebook k JOIN {{ table(name) }} t ON t.courseid = k.courseid;
{% endfor %}
