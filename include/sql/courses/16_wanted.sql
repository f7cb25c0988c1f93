-- How each course should be: the line's values, else the stored ones, else the template's, else the site's defaults.
{% from "courses/fields.sql" import kept_when_empty, cleared, numbers, of_template with context %}
{% set key = option.course_id_field %}

CREATE TEMPORARY TABLE toolsync_course (
    line INT UNSIGNED NOT NULL PRIMARY KEY, id BIGINT NULL, templateid BIGINT NULL, isnew TINYINT NOT NULL, bare TINYINT NOT NULL, contextid BIGINT NULL, contextpath VARCHAR(255) NULL,
    shortname VARCHAR(255) NOT NULL, fullname VARCHAR(1333) NOT NULL, idnumber VARCHAR(100) NOT NULL, summary LONGTEXT NULL, format VARCHAR(21) NOT NULL,
    lang VARCHAR(30) NOT NULL, theme VARCHAR(50) NOT NULL,
{% for column in numbers %}
    {{ column }} BIGINT NOT NULL,
{% endfor %}
    enddate BIGINT NOT NULL, visibleold BIGINT NULL, downloadcontent BIGINT NULL, showcompletionconditions BIGINT NULL, category BIGINT NULL,
    formerformat VARCHAR(21) NULL, formercategory BIGINT NULL, sections INT NOT NULL,
    weekly TINYINT NOT NULL DEFAULT 0, restored TINYINT NOT NULL DEFAULT 0, changed TINYINT NOT NULL DEFAULT 0, touched TINYINT NOT NULL DEFAULT 0,
    KEY (id), KEY (category)
);

INSERT INTO toolsync_course (line, id, templateid, isnew, bare, shortname,
{% for column in kept_when_empty + cleared.keys() | list + numbers.keys() | list %}
       {{ column }},
{% endfor %}
       enddate, visibleold, downloadcontent, showcompletionconditions, category, formerformat, formercategory, sections)
SELECT r.line, c.id, r.templateid, c.id IS NULL, c.id IS NULL AND r.templateid IS NULL,
       COALESCE({{ "NULLIF(r.rename, '')" if given("rename") else "NULL" }}, {{ "c.shortname, NULLIF(r.shortname, '')" if key == "shortname" else "NULLIF(r.shortname, ''), c.shortname" }}, ''),
{% for column in kept_when_empty %}
       COALESCE(NULLIF(r.{{ column }}, ''), c.{{ column }}, {{ of_template(column) }}{{ "@new_format" if column == "format" else "''" }}),
{% endfor %}
{% for column, default in cleared.items() %}
{% if column == key %}
       COALESCE(c.{{ column }}, r.{{ column }}),
{% else %}
       CASE WHEN c.id IS NOT NULL THEN COALESCE(r.{{ column }}, c.{{ column }}{{ ", ''" if column != "summary" }})
            WHEN r.templateid IS NOT NULL THEN COALESCE(r.{{ column }}, {{ of_template(column) }}'')
            ELSE COALESCE(NULLIF(r.{{ column }}, ''), {{ default }}) END,
{% endif %}
{% endfor %}
{% for column, default in numbers.items() %}
       COALESCE(r.{{ column }}, c.{{ column }}, {{ of_template(column) }}{{ default }}),
{% endfor %}
       COALESCE(r.enddate, c.enddate, {{ "IF(k.enddate > 0, k.enddate + COALESCE(r.startdate, k.startdate) - k.startdate, k.enddate), " if given("template") }}-1), c.visibleold, COALESCE(r.downloadcontent, c.downloadcontent),
       IF(c.id IS NULL, COALESCE(r.showcompletionconditions, {{ of_template("showcompletionconditions") }}@new_showcompletionconditions), COALESCE(r.showcompletionconditions, c.showcompletionconditions)),
       COALESCE(w.categoryid, c.category), COALESCE(c.format, {{ of_template("format") }}NULL), c.category, 0
  FROM toolsync_row r
  LEFT JOIN toolsync_was_course c ON c.id = r.courseid
{% if given("template") %}
  LEFT JOIN {course} k ON k.id = r.templateid
{% endif %}
  LEFT JOIN toolsync_wish w ON w.line = r.line
 WHERE r.status IS NULL;

{% if given("template") %}
{% from "shared/languages.sql" import not_offered %}
CREATE TEMPORARY TABLE toolsync_language (lang VARCHAR(30) NOT NULL PRIMARY KEY);

-- Only a language that the site has is taken from a template. Language packs are folders in the site's data folder; the database does not list them.
-- python: installed_languages INTO toolsync_language
SELECT DISTINCT t.lang FROM toolsync_course t WHERE t.isnew AND t.templateid IS NOT NULL AND t.lang <> '';

UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN toolsync_language l ON l.lang = t.lang
   SET t.lang = ''
 WHERE t.isnew AND t.templateid IS NOT NULL AND t.lang <> '' AND r.lang IS NULL
   AND {{ not_offered("t.lang", "l.lang") }};

{% endif %}
UPDATE toolsync_course t
   SET t.enddate = IF(t.startdate > 0 AND @new_duration > 0, t.startdate + @new_duration, 0)
 WHERE t.enddate = -1;

-- Without completion there are no conditions to show.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
   SET t.showcompletionconditions = NULL
 WHERE t.enablecompletion = 0 AND (t.isnew OR r.enablecompletion = 0);

UPDATE toolsync_course t SET t.visibleold = t.visible WHERE t.isnew;

-- The last section that has to exist: `numsections` of a bare new course, and at least the last topic that the line names.
UPDATE toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
   SET t.sections = IF(t.bare, COALESCE(r.numsections, @new_numsections), 0);
{% if given_any("topic#") %}

UPDATE toolsync_course t
  JOIN (SELECT c.line, MAX(c.n) AS last FROM toolsync_cell c WHERE c.family = 'topic#' AND c.value <> '' GROUP BY c.line) c ON c.line = t.line
   SET t.sections = GREATEST(t.sections, c.last);
{% endif %}

-- More numbers, for courses of many sections.
CREATE TEMPORARY TABLE toolsync_long_course (line INT UNSIGNED NOT NULL PRIMARY KEY);

INSERT INTO toolsync_long_course (line) SELECT t.line FROM toolsync_course t WHERE t.sections > 199 LIMIT 1;

-- when: toolsync_long_course
INSERT INTO toolsync_number (n)
WITH RECURSIVE number (n) AS (SELECT 200 UNION ALL SELECT n + 1 FROM number WHERE n < 999)
SELECT n FROM number;

INSERT INTO toolsync_note (line, field, message)
SELECT t.line, 'numsections', 'not used: it is for new courses without a template'
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
 WHERE NOT t.bare AND r.numsections IS NOT NULL
   AND r.numsections <> (SELECT MAX(s.section) FROM {course_sections} s WHERE s.course = COALESCE(t.id, t.templateid));
