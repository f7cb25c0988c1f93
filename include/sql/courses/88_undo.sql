-- Write the undo bundles of courses whose content was replaced, with the rows that are new in them.
{% from "courses/terms.sql" import replaces with context %}
{% if replaces %}
{% set parts = course_graph().replaceable %}
{% set again = true %}
DELETE FROM toolsync_of_course;

INSERT INTO toolsync_of_course (id, courseid) SELECT k.id, k.courseid FROM toolsync_kept_course k;

{% include "shared/course/collect.sql" %}
{% for node in parts.root_to_leaf if node.name != "course" %}

CREATE TEMPORARY TABLE IF NOT EXISTS toolsync_made_{{ node.name }} (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

-- when: {{ node.part }}
INSERT IGNORE INTO toolsync_made_{{ node.name }} (id, courseid)
SELECT p.id, p.courseid
  FROM {{ node.part }} p
{%- if node.remains %}

  LEFT JOIN toolsync_kept_{{ node.name }} k ON k.id = p.id
 WHERE k.id IS NULL{% endif %};
{% endfor %}

CREATE TEMPORARY TABLE toolsync_made_config (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT INTO toolsync_made_config (id, courseid)
SELECT t.id, k.courseid FROM toolsync_kept_course k JOIN {config} t ON t.name = CONCAT('gradebook_calculations_freeze_', k.courseid);

-- Undoing restores neither the course's category and place nor its visibility.
CREATE TEMPORARY TABLE toolsync_course_after (
    id BIGINT NOT NULL PRIMARY KEY, category BIGINT NOT NULL, sortorder BIGINT NOT NULL, visible TINYINT NOT NULL, visibleold TINYINT NOT NULL
);

-- when: toolsync_before_course
INSERT INTO toolsync_course_after (id, category, sortorder, visible, visibleold)
SELECT c.id, c.category, c.sortorder, c.visible, c.visibleold FROM toolsync_before_course b JOIN {course} c ON c.id = b.id;

UPDATE toolsync_before_course b
  JOIN toolsync_course_after c ON c.id = b.id
   SET b.category = c.category, b.sortorder = c.sortorder, b.visible = c.visible, b.visibleold = c.visibleold;

CREATE TEMPORARY TABLE toolsync_context_after (id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NULL, depth INT NOT NULL);

-- when: toolsync_before_context
INSERT INTO toolsync_context_after (id, path, depth)
SELECT x.id, x.path, x.depth FROM toolsync_before_context b JOIN {context} x ON x.id = b.id;

UPDATE toolsync_before_context b JOIN toolsync_context_after x ON x.id = b.id SET b.path = x.path, b.depth = x.depth;

{% include "shared/course/undone.sql" %}
{% endif %}
