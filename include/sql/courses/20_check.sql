-- Fail the lines that the site does not allow. A line fails for the first fault found, and nothing of it is done.
{% import "shared/identify.sql" as named with context %}
{% macro fault(condition, field, message) %}IF({{ condition }}, '{{ field }}|{{ message }}', NULL),{% endmacro %}
{# Moodle looks for a name by the site's collation, which takes for equal what only looks alike. #}
{% set bearer = "'another course has it: '" %}
{% set bearer = "IF(other.deletioninprogress <> 0, 'a course that is being deleted has it: ', " ~ bearer ~ ")" if named.may_go else bearer %}
{% macro taken(column, field) -%}
IF(t.{{ column }} <> '' AND (t.isnew OR NOT t.{{ column }} <=> c.{{ column }} COLLATE utf8mb4_bin),
              (SELECT MIN(CONCAT('{{ field }}|', IF({{ named.same("other." ~ column, "t." ~ column) }}, CONCAT({{ bearer }}, other.shortname),
                                                    CONCAT('looks like ', other.{{ column }}, ', which is there'))))
                 FROM {course} other {{ named.index("course", column) }}
                WHERE other.{{ column }} = t.{{ column }} AND NOT other.id <=> t.id), NULL),
{%- endmacro %}

CREATE TEMPORARY TABLE toolsync_fault (line INT UNSIGNED NOT NULL PRIMARY KEY, fault TEXT NOT NULL);

INSERT INTO toolsync_fault (line, fault)
SELECT t.line,
       COALESCE(
           {{ fault("t.isnew AND t.shortname = ''", "shortname", "a new course needs one") }}
           {{ taken("shortname", "rename" if given("rename") else "shortname") }}
           {{ taken("idnumber", "idnumber") }}
           {{ fault("t.isnew AND t.fullname = ''", "fullname", "a new course needs one") }}
           {{ fault("t.isnew AND t.category IS NULL AND w.line IS NULL", "category", "a new course needs one (or Param default_category)") }}
{% if given("format") %}
           {{ fault("r.format <> '' AND NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('format_', r.format) AND p.name = 'version')",
                    "format", "the site has no such course format") }}
{% endif %}
{% if given("theme") %}
           {{ fault("r.theme <> '' AND NOT r.theme <=> c.theme"
                    ~ " AND NOT EXISTS (SELECT 1 FROM {config_plugins} p WHERE p.plugin = CONCAT('theme_', r.theme) AND p.name = 'version')",
                    "theme", "the site has no such theme") }}
{% endif %}
{% if given("activitytype") %}
           {{ fault("r.activitytype <> '' AND NOT EXISTS (SELECT 1 FROM {modules} m WHERE m.name = r.activitytype)",
                    "activitytype", "the site has no such activity") }}
{% endif %}
{% if given("defaultgroupingid") %}
           {{ fault("r.defaultgroupingid > 0 AND NOT EXISTS (SELECT 1 FROM {groupings} g WHERE g.id = r.defaultgroupingid AND g.courseid = t.id)",
                    "defaultgroupingid", "the course has no such grouping") }}
{% endif %}
{% if given("sortorder") %}
           {{ fault("r.sortorder IS NOT NULL AND t.category = t.formercategory AND NOT EXISTS (SELECT 1 FROM {course_categories} h WHERE h.id = t.category)",
                    "sortorder", "the category of this course is gone: move it into another one first") }}
{% endif %}
{% if given("startdate") or given("enddate") %}
           {{ fault("(r.startdate IS NOT NULL OR r.enddate IS NOT NULL) AND t.startdate = 0 AND t.enddate > 0 AND NOT t.weekly",
                    "startdate", "a course with an end date needs a start date") }}
           {{ fault("r.enddate > 0 AND r.enddate < t.startdate", "enddate", "before the start date") }}
           {{ fault("r.startdate IS NOT NULL AND t.enddate > 0 AND t.enddate < t.startdate AND NOT t.weekly", "startdate", "after the end date") }}
{% endif %}
           NULL) AS fault
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN toolsync_was_course c ON c.id = t.id
  LEFT JOIN toolsync_wish w ON w.line = t.line
HAVING fault IS NOT NULL;
{% if given_any("topic#") %}

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT c.line, CONCAT(c.field, '|sections are numbered from 0 to 999')
  FROM toolsync_cell c
 WHERE c.family = 'topic#' AND c.value <> '' AND c.n > 999;

{% set longest = room_of("course_sections", "name") %}
INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT c.line, CONCAT(c.field, '|a name of ', CHAR_LENGTH(TRIM(SUBSTRING_INDEX(c.value, '|', 1))), ' characters, and the site stores at most {{ longest }}')
  FROM toolsync_cell c
 WHERE c.family = 'topic#' AND CHAR_LENGTH(TRIM(SUBSTRING_INDEX(c.value, '|', 1))) > {{ longest }};
{% endif %}
{% if given("template") %}

-- Templates with plugins that the course graph does not know.
CREATE TEMPORARY TABLE toolsync_of_course (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_of_course (id, courseid)
SELECT DISTINCT t.templateid, t.templateid FROM toolsync_course t WHERE t.templateid IS NOT NULL;

{% set kinds = course_graph().kinds.values() | map(attribute="table") | list %}
{% with parts=course_graph().leading_to(kinds) %}{% include "shared/course/collect.sql" %}{% endwith %}
{% include "shared/course/unknown.sql" %}

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT t.line, CONCAT('template|this course contains plugins that Tool Sync does not know: ', u.what, ' (describe their tables beside include/course_graph/moodle.yaml)')
  FROM toolsync_course t
  JOIN (SELECT u.courseid, GROUP_CONCAT(u.what ORDER BY u.what SEPARATOR ', ') AS what FROM toolsync_unknown u GROUP BY u.courseid) u ON u.courseid = t.templateid;
{% endif %}

{% include "shared/faults.sql" %}

{% include "courses/drop_failed.sql" %}
