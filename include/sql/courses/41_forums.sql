-- The Announcements forum of a course that shows announcements, the discussion forum of a social one. Older Moodles make the latter when somebody looks at the course.
{% set social = "t.format = 'social'" if moodle_since("4.4") else "FALSE" %}

CREATE TEMPORARY TABLE toolsync_forum (courseid BIGINT NOT NULL PRIMARY KEY, type VARCHAR(20) NOT NULL, bare TINYINT NOT NULL);

INSERT INTO toolsync_forum (courseid, type, bare)
SELECT t.id, IF({{ social }}, 'social', 'news'), t.bare
  FROM toolsync_course t
 WHERE (t.isnew OR t.changed) AND ({{ social }} OR t.format NOT IN ('social', 'singleactivity') AND t.newsitems > 0)
   AND (t.bare OR NOT EXISTS (SELECT 1 FROM {forum} f WHERE f.course = t.id AND f.type = IF({{ social }}, 'social', 'news')));

-- The name and introduction of such forums. On a site in another language: those that most of its own have.
{% for type, name, intro in [
    ("news", "Announcements", "General news and announcements"),
    ("social", "Social forum", "An open forum for chatting about anything you want to"),
] %}
-- @{{ type }}_name: name of a new forum of type {{ type }}
-- @{{ type }}_intro: its description
-- when: toolsync_forum
SET @{{ type }}_name = '{{ name }}', @{{ type }}_intro = '{{ intro }}';

-- @{{ type }}_name: name of a new forum of type {{ type }}: that of most such forums of a site in another language; otherwise it stays
-- @{{ type }}_intro: its description
-- when: toolsync_forum
SELECT f.name, f.intro INTO @{{ type }}_name, @{{ type }}_intro
  FROM {forum} f
 WHERE @site_lang NOT LIKE 'en%' AND f.type = '{{ type }}' AND f.course <> @front_page
 GROUP BY f.name, f.intro
 ORDER BY COUNT(*) DESC, MAX(f.id) DESC
 LIMIT 1;

{% endfor %}
-- @news_subscription: subscription mode of a new Announcements forum: 0 optional, 1 forced, 2 automatic, 3 disabled
-- @news_attachments: maximum number of attachments of a post in it
-- @news_bytes: maximum size of an attachment there, in bytes; 0: the course's limit, as before Moodle 5.1, which brought the setting
SELECT COALESCE(MAX(IF(name = 'forum_announcementsubscription', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'forum_announcementmaxattachments', value, NULL)), 1) + 0,
       COALESCE(MAX(IF(name = 'forum_announcementmaxbytes', value, NULL)), 0) + 0
  INTO @news_subscription, @news_attachments, @news_bytes
  FROM {config}
 WHERE name LIKE 'forum\_announcement%';

-- chunks: toolsync_forum.courseid
INSERT INTO {forum} (course, type, name, intro, introformat, assessed, forcesubscribe, maxattachments, maxbytes, timemodified)
SELECT w.courseid, w.type, IF(w.type = 'news', @news_name, @social_name), IF(w.type = 'news', @news_intro, @social_intro), 1, 0,
       IF(w.type = 'news', @news_subscription, 0), IF(w.type = 'news', @news_attachments, 1), IF(w.type = 'news', @news_bytes, 0), @now
  FROM toolsync_forum w
 WHERE w.courseid BETWEEN @first AND @last
 ORDER BY w.courseid;

-- A bare course has no sections yet: 42_sections.sql places the forum.
CREATE TEMPORARY TABLE toolsync_forum_made (courseid BIGINT NOT NULL PRIMARY KEY, forumid BIGINT NOT NULL, sectionid BIGINT NULL);

INSERT IGNORE INTO toolsync_forum_made (courseid, forumid, sectionid)
SELECT w.courseid, f.id, s.id
  FROM toolsync_forum w
  STRAIGHT_JOIN {forum} f ON f.course = w.courseid AND f.type = w.type
  LEFT JOIN {course_sections} s ON s.course = w.courseid AND s.section = 0 AND NOT w.bare
 WHERE w.bare OR s.id IS NOT NULL;

-- @forum_module: id of the activity module `forum`
SET @forum_module = (SELECT id FROM {modules} WHERE name = 'forum');

-- chunks: toolsync_forum_made.courseid
INSERT INTO {course_modules} (course, module, instance, section, added)
SELECT w.courseid, @forum_module, w.forumid, COALESCE(w.sectionid, 0), @now
  FROM toolsync_forum_made w
 WHERE w.courseid BETWEEN @first AND @last
 ORDER BY w.courseid;

CREATE TEMPORARY TABLE toolsync_forum_module (courseid BIGINT NOT NULL PRIMARY KEY, cmid BIGINT NOT NULL, sectionid BIGINT NULL);

INSERT INTO toolsync_forum_module (courseid, cmid, sectionid)
SELECT w.courseid, cm.id, w.sectionid
  FROM toolsync_forum_made w
  STRAIGHT_JOIN {course_modules} cm ON cm.course = w.courseid AND cm.module = @forum_module AND cm.instance = w.forumid;

UPDATE toolsync_forum_module w
  STRAIGHT_JOIN {course_sections} s ON s.id = w.sectionid
   SET s.sequence = IF(COALESCE(s.sequence, '') = '', w.cmid, CONCAT(s.sequence, ',', w.cmid));
