-- The default blocks of a new course: the site's list for its format, else the format's own. Since Moodle 5.1, courses of a single activity show theirs on every page.
{% set on_every_page = moodle_since("5.1") %}

CREATE TEMPORARY TABLE toolsync_block_list (format VARCHAR(21) NOT NULL PRIMARY KEY, list TEXT NOT NULL, everywhere TINYINT NOT NULL);

INSERT INTO toolsync_block_list (format, list, everywhere)
SELECT f.format, COALESCE(@all_blocks, c.value, CASE f.format {% if on_every_page %}WHEN 'singleactivity' THEN 'site_main_menu' {% endif %}WHEN 'social' THEN ':social_activities' ELSE ':' END),
       {{ "f.format = 'singleactivity'" if on_every_page else 0 }}
  FROM (SELECT DISTINCT t.format FROM toolsync_course t WHERE t.bare) f
  LEFT JOIN {config} c ON c.name = CONCAT('defaultblocks_', f.format);

CREATE TEMPORARY TABLE toolsync_block (
    format VARCHAR(21) NOT NULL, region VARCHAR(16) NOT NULL, weight INT NOT NULL, name VARCHAR(40) NOT NULL, everywhere TINYINT NOT NULL,
    PRIMARY KEY (format, region, weight)
);

{% for region, list in [("side-pre", "SUBSTRING_INDEX(l.list, ':', 1)"), ("side-post", "IF(l.list LIKE '%:%', SUBSTRING_INDEX(SUBSTRING_INDEX(l.list, ':', 2), ':', -1), '')")] %}
INSERT INTO toolsync_block (format, region, weight, name, everywhere)
SELECT w.format, '{{ region }}', ROW_NUMBER() OVER (PARTITION BY w.format ORDER BY w.n) - 1, b.name, w.everywhere
  FROM (SELECT l.format, l.everywhere, n.n, SUBSTRING_INDEX(SUBSTRING_INDEX({{ list }}, ',', n.n), ',', -1) AS name
          FROM toolsync_block_list l
          JOIN toolsync_number n ON n.n BETWEEN 1 AND 1 + CHAR_LENGTH({{ list }}) - CHAR_LENGTH(REPLACE({{ list }}, ',', ''))) w
  JOIN {block} b ON b.name = w.name;

{% endfor %}
-- chunks: toolsync_course.line
INSERT INTO {block_instances} (blockname, parentcontextid, showinsubcontexts, pagetypepattern, defaultregion, defaultweight, configdata, timecreated, timemodified)
SELECT b.name, t.contextid, b.everywhere, IF(b.everywhere, '*', 'course-view-*'), b.region, b.weight, '', @now, @now
  FROM toolsync_course t
  JOIN toolsync_block b ON b.format = t.format
 WHERE t.bare AND t.line BETWEEN @first AND @last
 ORDER BY t.line, b.region DESC, b.weight;

CREATE TEMPORARY TABLE toolsync_block_made (id BIGINT NOT NULL PRIMARY KEY, contextpath VARCHAR(255) NULL, contextdepth INT NULL);

-- when: toolsync_block
INSERT INTO toolsync_block_made (id, contextpath, contextdepth)
SELECT i.id, u.path, u.depth
  FROM toolsync_course t
  STRAIGHT_JOIN toolsync_course_context u ON u.id = t.contextid
  STRAIGHT_JOIN {block_instances} i ON i.parentcontextid = t.contextid
 WHERE t.bare;

-- chunks: toolsync_block_made.id
INSERT INTO {context} (contextlevel, instanceid, depth)
SELECT 80, b.id, 0 FROM toolsync_block_made b WHERE b.id BETWEEN @first AND @last ORDER BY b.id;

CREATE TEMPORARY TABLE toolsync_block_context (id BIGINT NOT NULL PRIMARY KEY, path VARCHAR(255) NULL, depth INT NULL);

INSERT INTO toolsync_block_context (id, path, depth)
SELECT x.id, CONCAT(b.contextpath, '/', x.id), b.contextdepth + 1
  FROM toolsync_block_made b
  STRAIGHT_JOIN {context} x ON x.contextlevel = 80 AND x.instanceid = b.id;

UPDATE toolsync_block_context w
  STRAIGHT_JOIN {context} x ON x.id = w.id
   SET x.path = w.path, x.depth = w.depth;
