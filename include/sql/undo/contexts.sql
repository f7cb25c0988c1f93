{# Contexts lie below those of their categories and courses, wherever these are by now. #}
{% macro set_right(name) %}
UPDATE {{ name }} w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = w.depth;

INSERT IGNORE INTO toolsync_dirty_context (path) SELECT w.path FROM {{ name }} w;
{% endmacro %}
{% set columns = "(id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NOT NULL, depth INT NOT NULL)" %}
-- Courses whose contexts may be in the wrong place, with those of their modules and blocks.
CREATE TEMPORARY TABLE toolsync_course_placed (id BIGINT NOT NULL PRIMARY KEY);
{% for side in [back.get("course"), was.get("course") if was.get("course") and "category" in undone.course.changed] | select %}

INSERT IGNORE INTO toolsync_course_placed (id) SELECT c.id FROM {{ side }} b JOIN {course} c ON c.id = b.id;
{% endfor %}
{% if back.get("course_modules") %}

INSERT IGNORE INTO toolsync_course_placed (id) SELECT DISTINCT b.course FROM toolsync_back_course_modules b;
{% endif %}
{% for side in [back.get("context"), was.get("context")] | select %}

INSERT IGNORE INTO toolsync_course_placed (id) SELECT x.instanceid FROM {{ side }} b JOIN {context} x ON x.id = b.id AND x.contextlevel = 50;
{% endfor %}
{% if tree %}

CREATE TEMPORARY TABLE toolsync_category_context {{ columns }};

INSERT INTO toolsync_category_context (id, path, depth)
SELECT x.id, t.contextpath, t.depth + 1
  FROM toolsync_tree t
  JOIN {context} x ON x.id = t.contextid
 WHERE NOT (x.path <=> t.contextpath AND x.depth = t.depth + 1);

INSERT IGNORE INTO toolsync_course_placed (id)
SELECT c.id FROM toolsync_category_context w JOIN {context} x ON x.id = w.id JOIN {course} c ON c.category = x.instanceid;
{{ set_right("toolsync_category_context") }}
{% endif %}

CREATE TEMPORARY TABLE toolsync_course_context {{ columns }};

INSERT INTO toolsync_course_context (id, path, depth)
SELECT x.id, CONCAT(k.path, '/', x.id), k.depth + 1
  FROM toolsync_course_placed p
  JOIN {course} c ON c.id = p.id
  JOIN {context} k ON k.contextlevel = 40 AND k.instanceid = c.category
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
 WHERE NOT (x.path <=> CONCAT(k.path, '/', x.id) AND x.depth = k.depth + 1);
{{ set_right("toolsync_course_context") }}

CREATE TEMPORARY TABLE toolsync_module_context {{ columns }};

INSERT INTO toolsync_module_context (id, path, depth)
SELECT x.id, CONCAT(c.path, '/', x.id), c.depth + 1
  FROM toolsync_course_placed p
  JOIN {context} c ON c.contextlevel = 50 AND c.instanceid = p.id
  JOIN {course_modules} cm ON cm.course = p.id
  JOIN {context} x ON x.contextlevel = 70 AND x.instanceid = cm.id
 WHERE NOT (x.path <=> CONCAT(c.path, '/', x.id) AND x.depth = c.depth + 1);
{{ set_right("toolsync_module_context") }}

CREATE TEMPORARY TABLE toolsync_block_context {{ columns }};
{% set parents = ["toolsync_course_placed p JOIN {context} u ON u.contextlevel = 50 AND u.instanceid = p.id",
                  "toolsync_course_placed p JOIN {course_modules} cm ON cm.course = p.id JOIN {context} u ON u.contextlevel = 70 AND u.instanceid = cm.id"] %}
{% if tree %}{% set _ = parents.append("toolsync_category_context p JOIN {context} u ON u.id = p.id") %}{% endif %}
{% for parent in parents %}

INSERT IGNORE INTO toolsync_block_context (id, path, depth)
SELECT x.id, CONCAT(u.path, '/', x.id), u.depth + 1
  FROM {{ parent }}
  JOIN {block_instances} i ON i.parentcontextid = u.id
  JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = i.id
 WHERE NOT (x.path <=> CONCAT(u.path, '/', x.id) AND x.depth = u.depth + 1);
{% endfor %}
{% if back.get("context") %}

INSERT IGNORE INTO toolsync_block_context (id, path, depth)
SELECT x.id, CONCAT(u.path, '/', x.id), u.depth + 1
  FROM toolsync_back_context b
  JOIN {context} x ON x.id = b.id AND x.contextlevel = 80
  JOIN {block_instances} i ON i.id = x.instanceid
  JOIN {context} u ON u.id = i.parentcontextid
 WHERE NOT (x.path <=> CONCAT(u.path, '/', x.id) AND x.depth = u.depth + 1);
{% endif %}
{{ set_right("toolsync_block_context") }}
