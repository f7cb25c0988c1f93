{#
  Template rows that are not copied: into toolsync_merged, with the id of the existing row that stands for it, or NULL if the row is left out.
  Scales and outcomes may be the site's. Everything else concerns courses that existed before (toolsync_merging): as Moodle merges a backup into a course.
  Included by copy.sql; merged.sql then changes the existing rows.
#}
{% macro same(name, newid="o.id") %}

-- when: toolsync_merging
-- when: toolsync_tpl_{{ name }}
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid)
SELECT '{{ name }}', g.courseid, t.id, {{ newid }}
  FROM toolsync_merging g
  JOIN toolsync_tpl_{{ name }} t ON t.toolsync_course = g.templateid
{%- endmacro %}
{# Like `same`, but also keeps the pairs in toolsync_same_<table>, for rows that depend on these. #}
{% macro found(name, equal) %}

CREATE TEMPORARY TABLE toolsync_same_{{ name }} (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));

-- when: toolsync_merging
-- when: toolsync_tpl_{{ name }}
INSERT INTO toolsync_same_{{ name }} (courseid, oldid, newid)
SELECT g.courseid, t.id, MIN(o.id)
  FROM toolsync_merging g
  JOIN toolsync_tpl_{{ name }} t ON t.toolsync_course = g.templateid
  JOIN {{ table(name) }} o ON {{ equal }}
 GROUP BY g.courseid, t.id;

-- when: toolsync_same_{{ name }}
INSERT INTO toolsync_merged (name, courseid, oldid, newid) SELECT '{{ name }}', s.courseid, s.oldid, s.newid FROM toolsync_same_{{ name }} s;
{%- endmacro %}

-- Equal scales and outcomes of the site stand for the course's.
-- when: toolsync_tpl_scale
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'scale', c.courseid, t.id, MIN(o.id)
  FROM toolsync_copy c
  JOIN toolsync_tpl_scale t ON t.toolsync_course = c.templateid
  JOIN {scale} o ON o.courseid = 0 AND o.scale = t.scale
 GROUP BY c.courseid, t.id;

-- when: toolsync_tpl_grade_outcomes
INSERT INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'grade_outcomes', c.courseid, t.id, MIN(o.id)
  FROM toolsync_copy c
  JOIN toolsync_tpl_grade_outcomes t ON t.toolsync_course = c.templateid
  JOIN {grade_outcomes} o ON o.courseid IS NULL AND o.shortname = t.shortname
 GROUP BY c.courseid, t.id;
{{ same("scale", "MIN(o.id)") }}
  JOIN {scale} o ON o.courseid = g.courseid AND o.scale = t.scale
 GROUP BY g.courseid, t.id;
{{ same("grade_outcomes", "MIN(o.id)") }}
  JOIN {grade_outcomes} o ON o.courseid = g.courseid AND o.shortname = t.shortname
 GROUP BY g.courseid, t.id;

-- Sections, by number. Those that belong to an activity are always new.
{% set plain = "o.component IS NULL AND t.component IS NULL AND " if site_has("course_sections", "component") else "" %}
{{ same("course_sections") }}
  JOIN {course_sections} o ON {{ plain }}o.course = g.courseid AND o.section = t.section;

{% if plain %}

-- Move the course's own sections of activities out of the way; merged.sql puts them behind the others.
CREATE TEMPORARY TABLE toolsync_section_aside (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_merging
INSERT INTO toolsync_section_aside (id)
SELECT s.id FROM toolsync_merging g JOIN {course_sections} s ON s.course = g.courseid AND s.component IS NOT NULL;

UPDATE toolsync_section_aside w STRAIGHT_JOIN {course_sections} s ON s.id = w.id SET s.section = -1000000 - s.section;
{% endif %}

-- Groups and groupings with the same name and, if the template's has one, the same description.
{% for name in ["groups", "groupings"] %}
{{ found(name, "o.courseid = g.courseid AND o.name = t.name AND (COALESCE(t.description, '') = '' OR o.description = t.description)") }}
{% endfor %}
{{ same("groupings_groups") }}
  JOIN toolsync_same_groupings a ON a.courseid = g.courseid AND a.oldid = t.groupingid
  JOIN toolsync_same_groups b ON b.courseid = g.courseid AND b.oldid = t.groupid
  JOIN {groupings_groups} o ON o.groupingid = a.newid AND o.groupid = b.newid;

-- A course whose gradebook has categories keeps it as it is: new activities go into its top category.
CREATE TEMPORARY TABLE toolsync_graded (courseid BIGINT NOT NULL PRIMARY KEY, categoryid BIGINT NOT NULL);

-- when: toolsync_merging
INSERT INTO toolsync_graded (courseid, categoryid)
SELECT k.courseid, MIN(IF(k.parent IS NULL, k.id, NULL))
  FROM toolsync_merging g
  JOIN {grade_categories} k ON k.courseid = g.courseid
 GROUP BY k.courseid
HAVING COUNT(*) > 1 AND MIN(IF(k.parent IS NULL, k.id, NULL)) IS NOT NULL;
{% for name, newid, condition in [
    ("grade_categories", "d.categoryid", "TRUE"),
    ("grade_items", "NULL", "t.itemtype IN ('manual', 'category')"),
    ("grade_letters", "NULL", "t.contextid IN (SELECT x.id FROM {context} x WHERE x.contextlevel = 50 AND x.instanceid = g.templateid)"),
    ("grade_settings", "NULL", "TRUE"),
  ] %}
{{ same(name, newid) }}
  JOIN toolsync_graded d ON d.courseid = g.courseid
 WHERE {{ condition }};
{% endfor %}

-- Otherwise these stand for the template's, or are kept: the top category and total, manual items of the same name in it, letters, settings, outcomes.
{{ same("grade_categories") }}
  JOIN {grade_categories} o ON o.courseid = g.courseid AND o.parent IS NULL AND t.parent IS NULL;
{{ same("grade_items") }}
  JOIN {grade_items} o ON o.courseid = g.courseid AND o.itemtype = 'course' AND t.itemtype = 'course';
{{ same("grade_items", "MIN(o.id)") }}
  JOIN toolsync_tpl_grade_categories k ON k.id = t.categoryid AND k.parent IS NULL
  JOIN {grade_categories} u ON u.courseid = g.courseid AND u.parent IS NULL
  JOIN {grade_items} o ON o.courseid = g.courseid AND o.itemtype = 'manual' AND t.itemtype = 'manual' AND o.categoryid = u.id AND o.itemname = t.itemname
 GROUP BY g.courseid, t.id;
{{ same("grade_letters", "MIN(o.id)") }}
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = g.templateid AND x.id = t.contextid
  JOIN {grade_letters} o ON o.contextid = g.contextid AND o.lowerboundary = t.lowerboundary AND o.letter = t.letter
 GROUP BY g.courseid, t.id;
{{ same("grade_settings", "NULL") }}
  LEFT JOIN {grade_settings} o ON o.courseid = g.courseid AND o.name = t.name
 WHERE {{ "t.name = 'minmaxtouse' OR " if option.template_mode == "add" }}o.id IS NOT NULL;
{{ same("grade_outcomes_courses", "NULL") }}
  JOIN {grade_outcomes} w ON w.id = t.outcomeid
  JOIN {grade_outcomes} v ON v.shortname = w.shortname AND (v.courseid = g.courseid OR v.courseid IS NULL)
  JOIN {grade_outcomes_courses} o ON o.courseid = g.courseid AND o.outcomeid = v.id
 GROUP BY g.courseid, t.id;

-- Blocks: equal ones, and those that a page can have only once and that show on the page already. Settings are compared as they would be written.
{% set settings_written = course_graph().tables["block_instances"].facts["copied"]["configdata"] %}
{% set often = ["activity_results", "badges", "blog_menu", "blog_tags", "glossary_random", "html", "mentees", "rss_client", "tag_flickr", "tag_youtube", "tags"] %}
{# The block `o` shows on the pages of the block `t`, as Moodle's matching_page_type_patterns_from_pattern says: `course-*` holds `course-view-*`. #}
{% set page = "SUBSTRING_INDEX(t.pagetypepattern, '-*', 1)" %}
{% set shown_already %}
(o.pagetypepattern IN ('*', t.pagetypepattern, {{ page }})
        OR o.pagetypepattern LIKE '%-*' AND LEFT(CONCAT({{ page }}, '-'), CHAR_LENGTH(o.pagetypepattern) - 1) = LEFT(o.pagetypepattern, CHAR_LENGTH(o.pagetypepattern) - 1)
        OR o.pagetypepattern IN ('mod-*-view', 'mod-*-index') AND {{ page }} LIKE REPLACE(o.pagetypepattern, '*', '%') AND {{ page }} NOT LIKE 'mod-%-%-%')
   AND (o.subpagepattern IS NULL OR o.subpagepattern = t.subpagepattern)
{%- endset %}
{{ same("block_instances", "MIN(o.id)") }}
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = g.templateid AND x.id = t.parentcontextid
  JOIN {block_instances} o ON o.parentcontextid = g.contextid AND o.blockname = t.blockname
 WHERE t.blockname NOT IN ('{{ often | join("', '") }}')
   AND {{ shown_already }}
    OR o.pagetypepattern = t.pagetypepattern AND o.subpagepattern <=> t.subpagepattern
   AND o.showinsubcontexts = t.showinsubcontexts AND o.defaultregion = t.defaultregion AND COALESCE(o.configdata, '') = COALESCE({{ settings_written }}, '')
 GROUP BY g.courseid, t.id;

-- Blocks of contexts above that show there: above the course, and, for those of activities, of the course itself.
-- when: toolsync_tpl_block_instances
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'block_instances', c.courseid, t.id, MIN(o.id)
  FROM toolsync_copy c
  JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = c.courseid
  JOIN JSON_TABLE(CONCAT('[', REPLACE(SUBSTRING(u.path, 2), '/', ','), ']'), '$[*]' COLUMNS (id BIGINT PATH '$')) above
  JOIN {block_instances} o ON o.parentcontextid = above.id AND o.showinsubcontexts = 1
  JOIN toolsync_tpl_block_instances t ON t.toolsync_course = c.templateid AND t.blockname = o.blockname
  JOIN {context} x ON x.id = t.parentcontextid AND (above.id <> u.id OR x.contextlevel = 70)
 WHERE t.blockname NOT IN ('{{ often | join("', '") }}')
   AND {{ shown_already }}
 GROUP BY c.courseid, t.id;

CREATE TEMPORARY TABLE toolsync_same_blocks (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));

-- when: toolsync_tpl_block_instances
INSERT INTO toolsync_same_blocks (courseid, oldid, newid)
SELECT m.courseid, m.oldid, m.newid FROM toolsync_merged m WHERE m.name = 'block_instances';
{% for name, newid, rest in [
    ("block_positions", "NULL", "t.blockinstanceid = s.oldid"),
    ("context", "o.id", "t.contextlevel = 80 AND t.instanceid = s.oldid\n  JOIN {context} o ON o.contextlevel = 80 AND o.instanceid = s.newid"),
  ] %}

-- when: toolsync_same_blocks
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid)
SELECT '{{ name }}', c.courseid, t.id, {{ newid }}
  FROM toolsync_same_blocks s
  JOIN toolsync_copy c ON c.courseid = s.courseid
  JOIN toolsync_tpl_{{ name }} t ON t.toolsync_course = c.templateid AND {{ rest }};
{% endfor %}

-- The course keeps its own role names, tags, custom fields, format options, competency settings, role overrides and filters.
{{ same("role_names", "NULL") }};
{% if option.template_mode == "add" %}
{{ same("competency_coursecompsetting", "NULL") }};
{% endif %}
{{ same("tag_instance", "NULL") }} AND t.component = 'core' AND t.itemtype = 'course';
{{ same("course_format_options", "NULL") }}
  JOIN {course} c ON c.id = g.courseid
  LEFT JOIN {course_sections} w ON w.id = t.sectionid
  LEFT JOIN {course_sections} s ON s.course = g.courseid AND s.section = w.section
  LEFT JOIN {course_format_options} o ON o.courseid = g.courseid AND o.sectionid = s.id AND o.format = t.format AND o.name = t.name
 WHERE t.sectionid = 0 OR o.id IS NOT NULL OR t.format <> c.format;
{{ same("customfield_data", "NULL") }}
  JOIN {customfield_field} f ON f.id = t.fieldid
  JOIN {customfield_category} k ON k.id = f.categoryid
 WHERE t.instanceid = g.templateid AND k.component = 'core_course'{{ " OR t.component = 'core_course'" if site_has("customfield_data", "component") }};
{% for name in ["groups", "groupings"] %}
{{ same("customfield_data", "NULL") }}
  JOIN toolsync_same_{{ name }} s ON s.courseid = g.courseid AND s.oldid = t.instanceid
  JOIN {customfield_field} f ON f.id = t.fieldid
  JOIN {customfield_category} k ON k.id = f.categoryid AND k.component = 'core_group' AND k.area = '{{ name[:-1] }}'
  JOIN {customfield_data} o ON o.fieldid = t.fieldid AND o.instanceid = s.newid;
{% endfor %}
{% for name, equal in [
    ("role_capabilities", "o.roleid = t.roleid AND o.capability = t.capability"),
    ("filter_active", "o.filter = t.filter"),
    ("filter_config", "o.filter = t.filter AND o.name = t.name"),
  ] %}
{{ same(name, "o.id") }}
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = g.templateid AND x.id = t.contextid
  JOIN {{ table(name) }} o ON o.contextid = g.contextid AND {{ equal }};
{% endfor %}
{{ same("competency_coursecomp") }}
  JOIN {competency_coursecomp} o ON o.courseid = g.courseid AND o.competencyid = t.competencyid;

-- A course with completion criteria keeps them.
{% for name in ["course_completion_criteria", "course_completion_aggr_methd"] %}
{{ same(name, "NULL") }}
 WHERE EXISTS (SELECT 1 FROM {course_completion_criteria} o WHERE o.course = g.courseid);
{% endfor %}
{{ same("course_completion_defaults") }}
  JOIN {course_completion_defaults} o ON o.course = g.courseid AND o.module = t.module;

-- Events of the course that its calendar already has.
{{ same("event", "MIN(o.id)") }}
  JOIN toolsync_copy c ON c.courseid = g.courseid
  JOIN {event} o ON o.courseid = g.courseid AND COALESCE(o.modulename, '') = '' AND COALESCE(t.modulename, '') = '' AND o.name = t.name
       AND o.timestart = t.timestart + c.shift AND o.timeduration = t.timeduration AND COALESCE(o.description, '') = COALESCE(t.description, '')
 GROUP BY g.courseid, t.id;
{% if site_has("lti_types") %}

-- External tools that the course already has.
{{ found("lti_types", "o.course = g.courseid AND o.name = t.name AND o.baseurl = t.baseurl") }}
{{ same("lti_types_config", "NULL") }}
  JOIN toolsync_same_lti_types s ON s.courseid = g.courseid AND s.oldid = t.typeid;
{% if site_has("lti_coursevisible") %}
{{ same("lti_coursevisible", "NULL") }}
  LEFT JOIN toolsync_same_lti_types s ON s.courseid = g.courseid AND s.oldid = t.typeid
  JOIN {lti_coursevisible} o ON o.courseid = g.courseid AND o.typeid = COALESCE(s.newid, t.typeid);
{% endif %}
{% endif %}

-- Items that its content bank already has.
{{ found("contentbank_content", "o.contextid = g.contextid AND o.name = t.name AND o.contenttype = t.contenttype AND o.instanceid <=> t.instanceid AND o.timecreated = t.timecreated") }}

-- Files of the course summary, of sections that keep their own, of existing groups, content bank items and blocks, and files that exist in the same place.
{{ same("files", "NULL") }}
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = g.templateid AND x.id = t.contextid
  LEFT JOIN {course_sections} w ON t.filearea = 'section' AND w.id = t.itemid
  LEFT JOIN {course_sections} o ON o.course = g.courseid AND o.section = w.section AND COALESCE(o.summary, '') <> ''
  LEFT JOIN toolsync_same_groups a ON a.courseid = g.courseid AND a.oldid = t.itemid
  LEFT JOIN toolsync_same_groupings b ON b.courseid = g.courseid AND b.oldid = t.itemid
  LEFT JOIN toolsync_same_contentbank_content d ON d.courseid = g.courseid AND d.oldid = t.itemid
  LEFT JOIN {files} f ON t.itemid = 0 AND f.pathnamehash = SHA1(CONCAT('/', g.contextid, '/', t.component, '/', t.filearea, '/0', t.filepath, t.filename))
 WHERE t.component = 'course' AND t.filearea IN ('summary', 'overviewfiles')
    OR t.component = 'course' AND t.filearea = 'section' AND o.id IS NOT NULL
    OR t.component = 'group' AND a.newid IS NOT NULL
    OR t.component = 'grouping' AND b.newid IS NOT NULL
    OR t.component = 'contentbank' AND d.newid IS NOT NULL
    OR f.id IS NOT NULL;

-- when: toolsync_same_blocks
-- when: toolsync_tpl_files
INSERT IGNORE INTO toolsync_merged (name, courseid, oldid, newid)
SELECT 'files', c.courseid, t.id, NULL
  FROM toolsync_same_blocks s
  JOIN toolsync_copy c ON c.courseid = s.courseid
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = s.oldid
  JOIN toolsync_tpl_files t ON t.toolsync_course = c.templateid AND t.contextid = x.id;

{% if moodle_since("5.0") %}
-- The top category of a question bank that the course itself had.
{{ same("question_categories", "MIN(o.id)") }}
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = g.templateid AND x.id = t.contextid
  JOIN {question_categories} o ON o.contextid = g.contextid AND o.parent = 0 AND t.parent = 0
 GROUP BY g.courseid, t.id;
{%- else %}
{% include "shared/course/question_banks.sql" %}
{% endif %}
