-- Find the course of each line. A line without one creates a course.
{% set key = option.course_id_field %}

{% import "shared/identify.sql" as named with context %}
UPDATE toolsync_row
   SET status = 'failed', field = '{{ key }}', message = 'expected a course''s {{ key }}'
 WHERE {{ "id IS NULL" if key == "id" else "COALESCE(" ~ key ~ ", '') = ''" }};

{% with rows="toolsync_row", value=key, by=key, into="courseid", optional=true %}{% include "shared/find_course.sql" %}{% endwith %}
{% if key == "id" %}

UPDATE toolsync_row
   SET status = 'failed', field = 'id', message = 'no course has this id'
 WHERE status IS NULL AND courseid IS NULL;
{% endif %}
{% if given("rename") %}
{% if key == "shortname" %}

-- An old short name that no longer exists is fine if the course has its new one already.
CREATE TEMPORARY TABLE toolsync_renamed (line INT UNSIGNED NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, hits INT NOT NULL);

{% set best = named.best("c", "shortname", "r.`rename`") %}
INSERT INTO toolsync_renamed (line, courseid, hits)
SELECT r.line, COALESCE(MIN(IF({{ best }}, c.id, NULL)), MIN(c.id)), COALESCE(NULLIF(SUM({{ best }}), 0), COUNT(*))
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", "shortname") }} ON {{ named.course("c", "shortname", "r.`rename`") }}
 WHERE r.status IS NULL AND r.courseid IS NULL
 GROUP BY r.line;

UPDATE toolsync_row r
  JOIN toolsync_renamed m ON m.line = r.line
   SET r.courseid = IF(m.hits = 1, m.courseid, NULL),
       r.status = IF(m.hits = 1, NULL, 'failed'),
       r.field = IF(m.hits = 1, NULL, 'rename'),
       r.message = IF(m.hits = 1, NULL, CONCAT(m.hits, ' courses have this shortname'));
{% endif %}

CREATE TEMPORARY TABLE toolsync_unnamed (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);

{% if key != "id" %}
INSERT IGNORE INTO toolsync_unnamed (line, name)
SELECT r.line, c.{{ key }}
  FROM toolsync_row r
  STRAIGHT_JOIN {course} c {{ named.index("course", key) }} ON {{ named.alike("c", key, "r." ~ key) }} AND {{ named.is_course("c") }}
 WHERE r.status IS NULL AND r.courseid IS NULL AND r.rename <> ''
 ORDER BY c.id;

{% endif %}
UPDATE toolsync_row r
  LEFT JOIN toolsync_unnamed u ON u.line = r.line
   SET r.status = 'failed', r.field = '{{ key }}',
       r.message = CONCAT('no course has this {{ key }}, ', COALESCE(CONCAT('only ', u.name, ', which looks like it, '), ''), 'so none can be renamed')
 WHERE r.status IS NULL AND r.courseid IS NULL AND r.rename <> '';
{% endif %}

-- The rows of these courses as the site has them: everything below compares with these.
CREATE TEMPORARY TABLE toolsync_was_course (PRIMARY KEY (id)) AS SELECT c.* FROM {course} c LIMIT 0;

INSERT IGNORE INTO toolsync_was_course
SELECT c.* FROM toolsync_row r STRAIGHT_JOIN {course} c ON c.id = r.courseid;

{% if given("template") %}
{% set fills = option.force_update and option.template_mode != "none" %}
-- The template: the course from which a new course is copied, or an existing one filled.
UPDATE toolsync_row SET template = NULL WHERE template = '';

UPDATE toolsync_row SET backup = 1 WHERE LOWER(template) LIKE '%.mbz' COLLATE utf8mb4_bin;

CREATE TEMPORARY TABLE toolsync_template_asked (line INT UNSIGNED NOT NULL PRIMARY KEY, template VARCHAR(255) NOT NULL, courseid BIGINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(255) NULL, message TEXT NULL);

INSERT INTO toolsync_template_asked (line, template)
SELECT r.line, LEFT(r.template, 255) FROM toolsync_row r WHERE r.status IS NULL{{ " AND r.courseid IS NULL" if not fills }} AND r.template IS NOT NULL AND r.backup IS NULL;

{% with rows="toolsync_template_asked", value="template", by="shortname", into="courseid", field="template" %}{% include "shared/find_course.sql" %}{% endwith %}

UPDATE toolsync_row r
  JOIN toolsync_template_asked a ON a.line = r.line
   SET r.templateid = a.courseid, r.status = a.status, r.field = a.field, r.message = a.message;

{% if fills %}
UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'template', r.message = IF(r.backup IS NULL, 'a course cannot be filled from itself', 'only a new course can be restored from a backup')
 WHERE r.status IS NULL AND (r.templateid = r.courseid OR r.backup IS NOT NULL AND r.courseid IS NOT NULL);
{% else %}
INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'template', 'not used: the course exists (Params force_update and template_mode)'
  FROM toolsync_row r
 WHERE r.status IS NULL AND r.courseid IS NOT NULL AND r.template IS NOT NULL;
{% endif %}

{% endif %}
{% if not option.force_update %}
{% if given("rename") %}

UPDATE toolsync_row r
  JOIN toolsync_was_course c ON c.id = r.courseid
   SET r.status = 'failed', r.field = 'rename', r.message = 'existing courses are left as they are (Param force_update)'
 WHERE r.status IS NULL AND r.rename <> '' AND c.shortname <> r.rename COLLATE utf8mb4_bin;
{% endif %}

{% from "courses/fields.sql" import kept_when_empty, cleared, numbers with context %}
{% set columns = (["shortname"] if key != "shortname" else []) + kept_when_empty + cleared.keys() | list + numbers.keys() | list + ["enddate", "downloadcontent", "showcompletionconditions"] %}
{% with param="force_update", refused="off", columns=columns | reject("equalto", key) | list %}{% include "courses/differs.sql" %}{% endwith %}

UPDATE toolsync_row SET status = 'unchanged' WHERE status IS NULL AND courseid IS NOT NULL;
{% endif %}
