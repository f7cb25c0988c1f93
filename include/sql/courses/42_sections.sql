-- Create missing sections, and set the names and summaries that topicN gives. The first one of a bare course holds its forum.

-- chunks: toolsync_course.line
INSERT INTO {course_sections} (course, section, summary, summaryformat, sequence, visible, timemodified)
SELECT t.id, n.n, '', 1, COALESCE(m.cmid, ''), 1, @now
  FROM toolsync_course t
  STRAIGHT_JOIN toolsync_number n ON n.n <= t.sections
  LEFT JOIN toolsync_forum_module m ON m.courseid = IF(n.n = 0, t.id, 0)
 WHERE t.bare AND t.line BETWEEN @first AND @last
 ORDER BY t.line, n.n;

CREATE TEMPORARY TABLE toolsync_forum_section (cmid BIGINT NOT NULL PRIMARY KEY, sectionid BIGINT NOT NULL);

INSERT INTO toolsync_forum_section (cmid, sectionid)
SELECT m.cmid, s.id
  FROM toolsync_forum_module m
  STRAIGHT_JOIN {course_sections} s ON s.course = m.courseid AND s.section = 0
 WHERE m.sectionid IS NULL;

UPDATE toolsync_forum_section w
  STRAIGHT_JOIN {course_modules} cm ON cm.id = w.cmid
   SET cm.section = w.sectionid;
{% if given_any("topic#") %}

CREATE TEMPORARY TABLE toolsync_section_new (courseid BIGINT NOT NULL, section INT NOT NULL, PRIMARY KEY (courseid, section));

INSERT INTO toolsync_section_new (courseid, section)
SELECT t.id, n.n
  FROM toolsync_course t
  JOIN toolsync_number n ON n.n <= t.sections
  LEFT JOIN {course_sections} s ON s.course = t.id AND s.section = n.n{{ " AND s.component IS NULL" if site_has("course_sections", "component") }}
 WHERE NOT t.bare AND t.sections > 0 AND s.id IS NULL;
{% if site_has("course_sections", "component") %}

-- Sections that belong to an activity come after the others: they make room for new ones.
CREATE TEMPORARY TABLE toolsync_section_room (courseid BIGINT NOT NULL PRIMARY KEY, room INT NOT NULL);

INSERT INTO toolsync_section_room (courseid, room)
SELECT w.courseid, COUNT(*) FROM toolsync_section_new w GROUP BY w.courseid;

CREATE TEMPORARY TABLE toolsync_section_later (id BIGINT NOT NULL PRIMARY KEY, section BIGINT NOT NULL);

INSERT INTO toolsync_section_later (id, section)
SELECT s.id, s.section + w.room
  FROM toolsync_section_room w
  JOIN {course_sections} s ON s.course = w.courseid AND s.component IS NOT NULL;
{% for sign in ["-", ""] %}

UPDATE toolsync_section_later w
  STRAIGHT_JOIN {course_sections} s ON s.id = w.id
   SET s.section = {{ sign }}w.section;
{% endfor %}
{% endif %}

-- chunks: toolsync_section_new.courseid
INSERT INTO {course_sections} (course, section, summary, summaryformat, sequence, visible, timemodified)
SELECT w.courseid, w.section, '', 1, '', 1, @now
  FROM toolsync_section_new w
 WHERE w.courseid BETWEEN @first AND @last
 ORDER BY w.courseid, w.section;

UPDATE toolsync_course t JOIN toolsync_section_new w ON w.courseid = t.id SET t.touched = 1;

CREATE TEMPORARY TABLE toolsync_topic (
    line INT UNSIGNED NOT NULL, sectionid BIGINT NOT NULL PRIMARY KEY, name LONGTEXT NOT NULL, summary LONGTEXT NULL, differs TINYINT NOT NULL
);

-- `name|summary`; without the | the summary stays.
INSERT INTO toolsync_topic (line, sectionid, name, summary, differs)
SELECT w.line, w.id, w.name, w.summary,
       NOT w.formername <=> w.name COLLATE utf8mb4_bin OR NOT w.formersummary <=> COALESCE(w.summary, w.formersummary) COLLATE utf8mb4_bin
  FROM (SELECT t.line, s.id, TRIM(SUBSTRING_INDEX(c.value, '|', 1)) AS name,
               IF(c.value LIKE '%|%', TRIM(SUBSTRING(c.value, LOCATE('|', c.value) + 1)), NULL) AS summary, s.name AS formername, s.summary AS formersummary
          FROM toolsync_course t
          JOIN toolsync_cell c ON c.line = t.line AND c.family = 'topic#' AND c.value <> ''
          JOIN {course_sections} s ON s.course = t.id AND s.section = c.n) w;

UPDATE toolsync_topic p
  STRAIGHT_JOIN {course_sections} s ON s.id = p.sectionid
   SET s.name = p.name, s.summary = COALESCE(p.summary, s.summary), s.timemodified = @now
 WHERE p.differs;

UPDATE toolsync_course t
  JOIN toolsync_topic p ON p.line = t.line AND p.differs
   SET t.touched = 1;
{% endif %}
