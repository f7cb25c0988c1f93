{# A section whose sequence somebody changed since: modules that are back come last in it, and those that are gone leave it. #}
{% if "course_modules" in undone or "course_sections" in undone and undone.course_sections.made %}

CREATE TEMPORARY TABLE toolsync_section_wrong (id BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_section_wrong (id)
SELECT DISTINCT s.id FROM toolsync_module_moved w JOIN {course_sections} s ON s.id = w.home;
{% for side in [back.get("course_modules"), was.get("course_modules")] | select %}

INSERT IGNORE INTO toolsync_section_wrong (id)
SELECT s.id
  FROM {{ side }} b
  JOIN {course_modules} cm ON cm.id = b.id
  JOIN {course_sections} s ON s.id = cm.section AND s.course = cm.course
 WHERE NOT FIND_IN_SET(cm.id, COALESCE(s.sequence, ''));
{% endfor %}
{% if unmade.get("course_modules") %}

-- when: toolsync_stays
INSERT IGNORE INTO toolsync_section_wrong (id)
SELECT s.id
  FROM toolsync_stays k
  JOIN {course_modules} cm ON cm.id = k.id
  JOIN {course_sections} s ON s.id = cm.section AND s.course = cm.course
 WHERE k.name = 'course_modules' AND k.what = 'made' AND NOT FIND_IN_SET(cm.id, COALESCE(s.sequence, ''));

INSERT IGNORE INTO toolsync_section_wrong (id)
SELECT s.id
  FROM toolsync_unmake_course_modules m
  JOIN {course_sections} s ON s.course = m.course AND FIND_IN_SET(m.id, COALESCE(s.sequence, ''));
{% endif %}

CREATE TEMPORARY TABLE toolsync_sequence (sectionid BIGINT NOT NULL, moduleid BIGINT NOT NULL, place INT NOT NULL, PRIMARY KEY (sectionid, moduleid));
CREATE TEMPORARY TABLE toolsync_section_right (id BIGINT NOT NULL PRIMARY KEY, modules LONGTEXT NOT NULL);

INSERT IGNORE INTO toolsync_sequence (sectionid, moduleid, place)
SELECT s.id, cm.id, COALESCE(NULLIF(FIND_IN_SET(cm.id, COALESCE(s.sequence, '')), 0), 1000000)
  FROM toolsync_section_wrong w
  JOIN {course_sections} s ON s.id = w.id
  JOIN {course_modules} cm ON cm.course = s.course AND (cm.section = s.id OR FIND_IN_SET(cm.id, COALESCE(s.sequence, '')));

INSERT INTO toolsync_section_right (id, modules)
SELECT w.id, COALESCE(GROUP_CONCAT(q.moduleid ORDER BY q.place, q.moduleid), '')
  FROM toolsync_section_wrong w
  LEFT JOIN toolsync_sequence q ON q.sectionid = w.id
 GROUP BY w.id;

UPDATE toolsync_section_right w STRAIGHT_JOIN {course_sections} s ON s.id = w.id SET s.sequence = w.modules;
{% endif %}
