{#
  Copy the content of templates into the courses of toolsync_copy (courseid, templateid, shift, merging). The course graph says what content is.
  toolsync_tpl_<table>: the templates' rows.
  toolsync_copy_<table>: the new row of each template row in each copy (newid only where a later step needs it).
  toolsync_linked_<table>: the template rows whose texts may contain ids.
  toolsync_merged (name, courseid, oldid, newid): template rows for which an existing row stands, or that are left out (newid NULL).
  toolsync_merging (courseid, contextid, templateid): the courses among them that existed before.
#}
{% set copies = course_copies() %}
CREATE TEMPORARY TABLE toolsync_template (courseid BIGINT NOT NULL PRIMARY KEY);

{% if not moodle_since("5.0") %}
{% include "shared/course/borrowed.sql" %}

{% endif %}
-- python: read_templates INTO toolsync_template
SELECT DISTINCT c.templateid FROM toolsync_copy c;

-- Unused scales of the course are not copied, nor are rows that need a row which is not copied.
CREATE TEMPORARY TABLE toolsync_scale_used (id BIGINT NOT NULL PRIMARY KEY);
{% for node, value in copies.scaled() %}

-- when: toolsync_tpl_scale
-- when: toolsync_tpl_{{ node.name }}
INSERT IGNORE INTO toolsync_scale_used (id) SELECT {{ value }} FROM toolsync_tpl_{{ node.name }} t WHERE {{ value }} > 0;
{% endfor %}

-- Roles with a meaning in a course: given by its enrolment methods, overridden, or named in its completion criteria; and assignable in courses at all.
CREATE TEMPORARY TABLE toolsync_role_known (courseid BIGINT NOT NULL, roleid BIGINT NOT NULL, PRIMARY KEY (courseid, roleid));

INSERT IGNORE INTO toolsync_role_known (courseid, roleid)
SELECT e.courseid, e.roleid
  FROM toolsync_template s
  JOIN {enrol} e ON e.courseid = s.courseid
  JOIN {role_context_levels} l ON l.contextlevel = 50 AND l.roleid = e.roleid;
{% for name, column in [("role_capabilities", "roleid"), ("course_completion_criteria", "role")] %}

-- when: toolsync_tpl_{{ name }}
INSERT IGNORE INTO toolsync_role_known (courseid, roleid)
SELECT t.toolsync_course, t.{{ column }}
  FROM toolsync_tpl_{{ name }} t
  JOIN {role_context_levels} l ON l.contextlevel = 50 AND l.roleid = t.{{ column }};
{% endfor %}

CREATE TEMPORARY TABLE toolsync_capability (name VARCHAR(255) NOT NULL PRIMARY KEY);

-- when: toolsync_tpl_role_capabilities
INSERT IGNORE INTO toolsync_capability (name)
SELECT k.name FROM toolsync_tpl_role_capabilities t JOIN {capabilities} k ON k.name = t.capability;

-- when: toolsync_tpl_role_capabilities
DELETE t FROM toolsync_tpl_role_capabilities t LEFT JOIN toolsync_capability k ON k.name = t.capability WHERE k.name IS NULL;

-- when: toolsync_tpl_scale
DELETE t FROM toolsync_tpl_scale t LEFT JOIN toolsync_scale_used u ON u.id = t.id WHERE u.id IS NULL;

CREATE TEMPORARY TABLE toolsync_left_out (courseid BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (courseid, id));
{% for step, conditions in copies.left_out() %}
{% for condition in conditions if "{" not in condition %}

-- when: {{ step.rows }}
DELETE t FROM {{ step.rows }} t WHERE {{ condition }};
{% endfor %}
{% for condition in conditions if "{" in condition %}

-- when: {{ step.rows }}
INSERT IGNORE INTO toolsync_left_out (courseid, id) SELECT t.toolsync_course, t.id FROM {{ step.rows }} t WHERE {{ condition }};
{% if loop.last %}

-- when: toolsync_left_out
DELETE t FROM toolsync_left_out x STRAIGHT_JOIN {{ step.rows }} t ON t.toolsync_course = x.courseid AND t.id = x.id;

-- when: toolsync_left_out
DELETE FROM toolsync_left_out;
{% endif %}
{% endfor %}
{% endfor %}

{% include "shared/course/merge.sql" %}
{% for step in copies.steps if not step.again %}

CREATE TEMPORARY TABLE {{ step.map }} (
    seq BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, templateid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NULL
    {%- if copies.needs_new_ids(step) %}, UNIQUE KEY (courseid, oldid){% endif %}

);
{% endfor %}

-- The ids of new rows. An UPDATE that read them from the table itself would wait for every uncommitted row in it.
CREATE TEMPORARY TABLE toolsync_made (seq BIGINT NOT NULL PRIMARY KEY, id BIGINT NOT NULL);

-- @mispaired: number of tables whose new rows can't be matched with the copied ones, because their numbers differ
SET @mispaired = 0;

-- For columns that may name rows of several tables: `newid` is what the column of the template's row `oldid` names in each copy.
CREATE TEMPORARY TABLE toolsync_named (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
{% for step in copies.steps %}
{% set insert = copies.insert_for(step, columns_of(step.name)) %}
{% set mergeable = copies.is_mergeable(step) %}
{% if mergeable and not step.again %}

-- when: toolsync_merged
-- when: {{ step.rows }}
INSERT INTO {{ step.map }} (seq, courseid, templateid, oldid, newid)
SELECT -ROW_NUMBER() OVER (ORDER BY g.courseid, g.oldid), g.courseid, c.templateid, g.oldid, g.newid
  FROM toolsync_merged g
  JOIN toolsync_copy c ON c.courseid = g.courseid
  JOIN {{ step.rows }} t ON t.toolsync_course = c.templateid AND t.id = g.oldid
 WHERE g.name = '{{ step.name }}' AND g.newid IS NOT NULL;
{% endif %}
{% if step.again %}

-- when: {{ step.rows }}
-- @seq: the highest number that a copied row of this table has so far; 0: none has one
SET @seq = (SELECT COALESCE(MAX(m.seq), 0) FROM {{ step.map }} m WHERE m.seq > 0);
{% endif %}

-- when: {{ step.rows }}
INSERT INTO {{ step.map }} (seq, courseid, templateid, oldid)
SELECT {{ "@seq + " if step.again }}ROW_NUMBER() OVER (ORDER BY c.courseid, t.id), c.courseid, c.templateid, t.id
  FROM toolsync_copy c
  JOIN {{ step.rows }} t ON t.toolsync_course = c.templateid
{% if mergeable %}
  LEFT JOIN toolsync_merged g ON g.name = '{{ step.name }}' AND g.courseid = c.courseid AND g.oldid = t.id
{% endif %}
 WHERE ({{ copies.has_copied_parent(step.parents) }}){{ " AND g.oldid IS NULL" if mergeable }};

{% for target in insert.targets %}
{% if loop.first %}

-- when: toolsync_named
DELETE FROM toolsync_named;
{% endif %}

-- when: {{ step.rows }}
-- when: {{ target.map }}
INSERT IGNORE INTO toolsync_named (courseid, oldid, newid)
SELECT p.courseid, t.id, p.newid
  FROM {{ step.rows }} t
  STRAIGHT_JOIN toolsync_copy c ON c.templateid = t.toolsync_course
  STRAIGHT_JOIN {{ target.map }} p ON p.courseid = c.courseid AND p.oldid = {{ target.named }}
 WHERE {{ target.when }};
{% endfor %}

{% set pairs = copies.needs_new_ids(step) or copies.may_have_links(step, texts_of) %}
{% set when = step.map if copies.needs_new_ids(step) else step.linked %}
{% if pairs %}

-- when: {{ when }}
-- when: {{ step.map }}
-- @last_id: the highest id of a row of this table before any is copied; those that are copied get higher ones
SET @last_id = (SELECT COALESCE(MAX(id), 0) FROM {{ table(step.name) }});
{% endif %}

{# Where rows are numbered within their course, a course stays whole. #}
{% set by = "courseid" if " OVER (" in insert.values.values() | join(" ") else "seq" %}

-- when: {{ step.map }}
-- chunks: {{ step.map }}.{{ by }}
INSERT INTO {{ table(step.name) }} ({{ insert.values.keys() | map("tojson") | join(", ") | replace('"', "`") }})
SELECT {% for column, value in insert.values.items() %}{{ ",\n       " if not loop.first }}{{ "CONCAT('toolsync ', CONNECTION_ID())" if column == step.mark else value }}{% endfor %}

  FROM {{ step.map }} m
  STRAIGHT_JOIN toolsync_copy c ON c.courseid = m.courseid
  STRAIGHT_JOIN {{ step.rows }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
{% for join in insert.joins %}
  {{ join }}
{% endfor %}
 WHERE m.newid IS NULL AND m.{{ by }} BETWEEN @first AND @last
 ORDER BY m.seq;
{% if pairs %}

-- The ids of the rows just inserted, in the order of insertion.
-- when: {{ when }}
-- when: {{ step.map }}
DELETE FROM toolsync_made;

-- when: {{ when }}
-- when: {{ step.map }}
INSERT INTO toolsync_made (seq, id)
SELECT {{ "@seq + " if step.again }}ROW_NUMBER() OVER (ORDER BY t.id), t.id
  FROM {{ table(step.name) }} t
 WHERE t.id > @last_id AND ({{ "t.`" ~ step.mark ~ "` = CONCAT('toolsync ', CONNECTION_ID())" if step.mark else copies.is_new_row(step) }});

-- when: {{ when }}
-- when: {{ step.map }}
-- @mispaired: one more, when the table above has not as many new rows as were copied
SET @mispaired = @mispaired + ((SELECT COUNT(*) FROM toolsync_made) <> (SELECT COUNT(*) FROM {{ step.map }} m WHERE m.newid IS NULL));

-- when: {{ when }}
-- when: {{ step.map }}
UPDATE {{ step.map }} m JOIN toolsync_made n ON n.seq = m.seq SET m.newid = n.id WHERE m.newid IS NULL;
{% endif %}
{% if step.mark %}

-- when: {{ step.map }}
UPDATE {{ step.map }} m
  STRAIGHT_JOIN {{ step.rows }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
  STRAIGHT_JOIN {{ table(step.name) }} n ON n.id = m.newid
   SET n.`{{ step.mark }}` = {{ insert.values[step.mark] }}
 WHERE m.seq > 0;
{% endif %}
{% endfor %}

-- Somebody may have added rows to a course that existed before at the same moment: then the batch starts again.
-- python: check_pairs INTO toolsync_made
SELECT @mispaired;

-- Columns that name rows copied later, or rows of their own table.
CREATE TEMPORARY TABLE toolsync_twin (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
{% for step, late in copies.late_columns(columns_of) %}
{% set target = "toolsync_twin" if late.target == step.name else "toolsync_copy_" ~ late.target %}
{% if late.target == step.name %}

-- when: toolsync_twin
DELETE FROM toolsync_twin;

-- when: {{ step.map }}
INSERT INTO toolsync_twin (courseid, oldid, newid) SELECT m.courseid, m.oldid, m.newid FROM {{ step.map }} m;
{% endif %}

-- when: {{ step.map }}
-- when: {{ target }}
UPDATE {{ step.map }} m
  STRAIGHT_JOIN {{ step.rows }} o ON o.id = m.oldid AND o.toolsync_course = m.templateid{{ " AND " ~ copies.of_old_row(late.when) if late.when }}
  STRAIGHT_JOIN {{ target }} v ON v.courseid = m.courseid AND v.oldid = {{ copies.of_old_row(late.named) }}
  STRAIGHT_JOIN {{ table(step.name) }} n ON n.id = m.newid
   SET n.`{{ late.column }}` = {{ "-" if late.negative }}v.newid
 WHERE m.seq > 0;
{% endfor %}

{% include "shared/course/merged.sql" %}

-- Ids in texts: links to pages of the site, restrictions, formulas, sequences.
CREATE TEMPORARY TABLE toolsync_rewritten (place VARCHAR(100) NOT NULL, id BIGINT NOT NULL, value LONGTEXT NOT NULL, PRIMARY KEY (place, id));

-- python: rewrite_embedded_ids INTO toolsync_rewritten
SELECT c.courseid, c.templateid, c.shift FROM toolsync_copy c;
{% for name, column, kind in copies.embedded(texts_of) %}

-- when: toolsync_rewritten
-- when: toolsync_linked_{{ name }}
UPDATE toolsync_rewritten w
  STRAIGHT_JOIN {{ table(name) }} n ON n.id = w.id
   SET n.`{{ column }}` = {{ "CONCAT_WS(',', NULLIF(n.`" ~ column ~ "`, ''), w.value)" if kind == "modules" else "w.value" }}
 WHERE w.place = '{{ name }}.{{ column }}';
{% endfor %}

{% include "shared/course/copied.sql" %}
