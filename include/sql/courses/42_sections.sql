-- Create missing sections, and set the names and summaries that topicN gives.

CREATE TEMPORARY TABLE toolsync_section_new (courseid BIGINT NOT NULL, section INT NOT NULL, PRIMARY KEY (courseid, section));

INSERT INTO toolsync_section_new (courseid, section)
SELECT t.id, n.n
  FROM toolsync_course t
  JOIN toolsync_number n ON n.n <= t.sections
 WHERE t.bare;
{% if given_any("topic#") %}

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

UPDATE {course_sections} s
  JOIN toolsync_course t ON t.id = s.course AND NOT t.bare
  JOIN toolsync_section_room w ON w.courseid = s.course
   SET s.section = -s.section - w.room
 WHERE s.component IS NOT NULL;

UPDATE {course_sections} s
  JOIN toolsync_course t ON t.id = s.course AND NOT t.bare
  JOIN toolsync_section_room w ON w.courseid = s.course
   SET s.section = -s.section
 WHERE s.component IS NOT NULL AND s.section < 0;
{% endif %}
{% endif %}

INSERT INTO {course_sections} (course, section, summary, summaryformat, sequence, visible, timemodified)
SELECT w.courseid, w.section, '', 1, '', 1, @now
  FROM toolsync_section_new w
 ORDER BY w.courseid, w.section;
{% if given_any("topic#") %}

UPDATE toolsync_course t
  JOIN toolsync_section_new w ON w.courseid = t.id
   SET t.touched = 1
 WHERE NOT t.bare;

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

UPDATE {course_sections} s
  JOIN toolsync_topic p ON p.sectionid = s.id AND p.differs
   SET s.name = p.name, s.summary = COALESCE(p.summary, s.summary), s.timemodified = @now;

UPDATE toolsync_course t
  JOIN toolsync_topic p ON p.line = t.line AND p.differs
   SET t.touched = 1;
{% endif %}
