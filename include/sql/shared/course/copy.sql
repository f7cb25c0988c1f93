{#
  What toolsync_copy (courseid, templateid, shift) asks for: the content of each template, once for each of its copies. The course graph says what that is.
  toolsync_tpl_<table> holds the templates' rows, toolsync_copy_<table> which new row each became in each copy.
  toolsync_merged (name, courseid, oldid, newid) names rows that are there already, and stand for the template's.
#}
{% set copies = course_graph().copies %}
CREATE TEMPORARY TABLE toolsync_template (courseid BIGINT NOT NULL PRIMARY KEY);

-- python: toolsync.templates.read INTO toolsync_template
SELECT DISTINCT c.templateid FROM toolsync_copy c;

-- Scales of the course that nothing uses stay behind, and what hangs on rows that do.
CREATE TEMPORARY TABLE toolsync_scale_used (id BIGINT NOT NULL PRIMARY KEY);
{% for table, value in copies.scaled() %}

-- when: toolsync_tpl_scale
-- when: toolsync_tpl_{{ table.name }}
INSERT IGNORE INTO toolsync_scale_used (id) SELECT {{ value }} FROM toolsync_tpl_{{ table.name }} t WHERE {{ value }} > 0;
{% endfor %}

-- Roles that mean something in a course: those that its enrolment methods give, that it overrides or completes by, and that may be given in courses at all.
CREATE TEMPORARY TABLE toolsync_role_known (courseid BIGINT NOT NULL, roleid BIGINT NOT NULL, PRIMARY KEY (courseid, roleid));
{% for rows in [
    "SELECT e.courseid, e.roleid FROM toolsync_template s JOIN {enrol} e ON e.courseid = s.courseid",
    "SELECT t.toolsync_course, t.roleid FROM toolsync_tpl_role_capabilities t",
    "SELECT t.toolsync_course, t.role FROM toolsync_tpl_course_completion_criteria t",
  ] %}

INSERT IGNORE INTO toolsync_role_known (courseid, roleid)
{{ rows | replace(" FROM ", "
  FROM ") | replace(" JOIN ", "
  JOIN ") }}
  JOIN {role_context_levels} l ON l.contextlevel = 50 AND l.roleid = {{ rows.split(", ")[1].split("\n")[0].split(" ")[0] }};
{% endfor %}

-- when: toolsync_tpl_role_capabilities
DELETE t FROM toolsync_tpl_role_capabilities t LEFT JOIN {capabilities} k ON k.name = t.capability WHERE k.id IS NULL;

-- when: toolsync_tpl_scale
DELETE t FROM toolsync_tpl_scale t LEFT JOIN toolsync_scale_used u ON u.id = t.id WHERE u.id IS NULL;
{% for step, conditions in copies.gone() %}
{% for condition in conditions %}

-- when: {{ step.rows }}
DELETE t FROM {{ step.rows }} t WHERE {{ condition }};
{% endfor %}
{% endfor %}
{% for step in copies.steps if not step.again %}

CREATE TEMPORARY TABLE {{ step.map }} (
    seq BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, templateid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NULL,
    UNIQUE KEY (courseid, oldid), KEY (newid)
);
{% endfor %}
{% for step in copies.steps %}
{% set insert = copies.inserted(step, columns_of(step.name)) %}
{% if step.mergeable and not step.again %}

-- when: toolsync_merged
-- when: {{ step.rows }}
INSERT INTO {{ step.map }} (seq, courseid, templateid, oldid, newid)
SELECT -ROW_NUMBER() OVER (ORDER BY g.courseid, g.oldid), g.courseid, c.templateid, g.oldid, g.newid
  FROM toolsync_merged g
  JOIN toolsync_copy c ON c.courseid = g.courseid
  JOIN {{ step.rows }} t ON t.toolsync_course = c.templateid AND t.id = g.oldid
 WHERE g.name = '{{ step.name }}';
{% endif %}
{% if step.again %}

-- when: {{ step.rows }}
SET @seq = (SELECT COALESCE(MAX(m.seq), 0) FROM {{ step.map }} m WHERE m.seq > 0);
{% endif %}

-- when: {{ step.rows }}
INSERT INTO {{ step.map }} (seq, courseid, templateid, oldid)
SELECT {{ "@seq + " if step.again }}ROW_NUMBER() OVER (ORDER BY c.courseid, t.id), c.courseid, c.templateid, t.id
  FROM toolsync_copy c
  JOIN {{ step.rows }} t ON t.toolsync_course = c.templateid
{% if step.mergeable and not step.again %}
  LEFT JOIN toolsync_merged g ON g.name = '{{ step.name }}' AND g.courseid = c.courseid AND g.oldid = t.id
{% endif %}
 WHERE ({{ copies.hangs(step.ways) }}){{ " AND g.oldid IS NULL" if step.mergeable and not step.again }};

-- when: {{ step.map }}
INSERT INTO {{ "{" ~ step.name ~ "}" }} ({{ insert.values.keys() | map("tojson") | join(", ") | replace('"', "`") }})
SELECT {% for column, value in insert.values.items() %}{{ ",\n       " if not loop.first }}{{ "CONCAT('toolsync ', CONNECTION_ID())" if column == step.mark else value }}{% endfor %}

  FROM {{ step.map }} m
  STRAIGHT_JOIN toolsync_copy c ON c.courseid = m.courseid
  STRAIGHT_JOIN {{ step.rows }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
{% for join in insert.joins %}
  {{ join }}
{% endfor %}
 WHERE m.newid IS NULL
 ORDER BY m.seq;

-- The ids that they got: rows of ours, in the order of their insertion.
-- when: {{ step.map }}
SET @first = LAST_INSERT_ID();

-- when: {{ step.map }}
UPDATE {{ step.map }} m
  JOIN (SELECT {{ "@seq + " if step.again }}ROW_NUMBER() OVER (ORDER BY t.id) AS seq, t.id
          FROM {{ "{" ~ step.name ~ "}" }} t
         WHERE t.id >= @first AND ({{ "t.`" ~ step.mark ~ "` = CONCAT('toolsync ', CONNECTION_ID())" if step.mark else copies.found(step) }})) n ON n.seq = m.seq
   SET m.newid = n.id
 WHERE m.newid IS NULL;
{% if step.mark %}

-- when: {{ step.map }}
UPDATE {{ "{" ~ step.name ~ "}" }} n
  JOIN {{ step.map }} m ON m.newid = n.id AND m.seq > 0
  JOIN {{ step.rows }} t ON t.id = m.oldid AND t.toolsync_course = m.templateid
   SET n.`{{ step.mark }}` = {{ insert.values[step.mark] }};
{% endif %}
{% endfor %}

-- Columns that name rows which came later, or rows of the table itself.
CREATE TEMPORARY TABLE toolsync_twin (courseid BIGINT NOT NULL, oldid BIGINT NOT NULL, newid BIGINT NOT NULL, PRIMARY KEY (courseid, oldid));
{% for step, late in copies.late(columns_of) %}
{% set target = "toolsync_twin" if late.target == step.name else "toolsync_copy_" ~ late.target %}
{% if late.target == step.name %}

-- when: toolsync_twin
DELETE FROM toolsync_twin;

-- when: {{ step.map }}
INSERT INTO toolsync_twin (courseid, oldid, newid) SELECT m.courseid, m.oldid, m.newid FROM {{ step.map }} m;
{% endif %}

-- when: {{ step.map }}
-- when: {{ target }}
UPDATE {{ "{" ~ step.name ~ "}" }} n
  JOIN {{ step.map }} m ON m.newid = n.id AND m.seq > 0
  JOIN {{ step.rows }} o ON o.id = m.oldid AND o.toolsync_course = m.templateid{{ " AND " ~ copies.of_old_row(late.when) if late.when }}
  JOIN {{ target }} v ON v.courseid = m.courseid AND v.oldid = {{ "-" if late.negative }}o.`{{ late.column }}`
   SET n.`{{ late.column }}` = {{ "-" if late.negative }}v.newid;
{% endfor %}

-- Ids within texts: addresses of the site's pages, restrictions, formulas, orders.
CREATE TEMPORARY TABLE toolsync_rewritten (place VARCHAR(100) NOT NULL, id BIGINT NOT NULL, value LONGTEXT NOT NULL, PRIMARY KEY (place, id));

-- python: toolsync.embedded.rewrite INTO toolsync_rewritten
SELECT c.courseid, c.templateid, c.shift FROM toolsync_copy c;
{% for table, column, kind in copies.embedded(texts_of) if site_has(table, column) %}

-- when: toolsync_rewritten
-- when: toolsync_copy_{{ table }}
UPDATE {{ "{" ~ table ~ "}" }} n
  JOIN toolsync_rewritten w ON w.place = '{{ table }}.{{ column }}' AND w.id = n.id
   SET n.`{{ column }}` = w.value;
{% endfor %}

{% include "shared/course/copied.sql" %}
