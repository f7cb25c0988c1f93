-- Subscribe people who got a role in the course to its forums with automatic subscription (forcesubscribe 2), if their roles allow it.

DROP TEMPORARY TABLE IF EXISTS toolsync_forum_capability;
DROP TEMPORARY TABLE IF EXISTS toolsync_forum_context;
DROP TEMPORARY TABLE IF EXISTS toolsync_forum_role;
CREATE TEMPORARY TABLE toolsync_forum_capability (
    contextid BIGINT NOT NULL, roleid BIGINT NOT NULL, permission INT NOT NULL, PRIMARY KEY (contextid, roleid)
);
CREATE TEMPORARY TABLE toolsync_forum_context (
    forumid BIGINT NOT NULL, contextid BIGINT NOT NULL, courseid BIGINT NOT NULL, depth TINYINT NOT NULL,
    PRIMARY KEY (forumid, contextid), KEY (contextid)
);
CREATE TEMPORARY TABLE toolsync_forum_role (
    forumid BIGINT NOT NULL, roleid BIGINT NOT NULL, allowed TINYINT NOT NULL, prohibited TINYINT NOT NULL, PRIMARY KEY (forumid, roleid)
);

-- The contexts on a forum's path, its own included. A path may be broken, and a forum may have two activities.
INSERT IGNORE INTO toolsync_forum_context (forumid, contextid, courseid, depth)
SELECT f.id, c.id, f.course, c.depth
  FROM (SELECT DISTINCT s.courseid FROM toolsync_subscriber s) t
  JOIN {forum} f ON f.course = t.courseid AND f.forcesubscribe = 2
  JOIN {modules} mo ON mo.name = 'forum'
  JOIN {course_modules} cm ON cm.module = mo.id AND cm.instance = f.id AND cm.course = f.course
  JOIN {context} fc ON fc.contextlevel = 70 AND fc.instanceid = cm.id
  JOIN JSON_TABLE(IF(fc.path REGEXP '^(/[1-9][0-9]{0,17})+$', CONCAT('[', REPLACE(SUBSTRING(fc.path, 2), '/', ','), ']'), '[]'), '$[*]' COLUMNS (id BIGINT PATH '$')) above
  JOIN {context} c ON c.id = above.id;

INSERT INTO toolsync_forum_capability (contextid, roleid, permission)
SELECT rc.contextid, rc.roleid, rc.permission
  FROM {role_capabilities} rc
 WHERE rc.capability = 'mod/forum:allowforcesubscribe' AND rc.permission <> 0
   AND EXISTS (SELECT 1 FROM toolsync_forum_context fc);

-- What a role allows: the definition nearest to the forum counts, but a prohibition (-1000) anywhere on the path beats all others.
INSERT INTO toolsync_forum_role (forumid, roleid, allowed, prohibited)
SELECT fc.forumid, k.roleid, MAX(fc.depth * 2 + (k.permission = 1)) % 2, MIN(k.permission) <= -1000
  FROM toolsync_forum_context fc
  JOIN toolsync_forum_capability k ON k.contextid = fc.contextid
 GROUP BY fc.forumid, k.roleid;

DROP TEMPORARY TABLE IF EXISTS toolsync_forum_subscription;
CREATE TEMPORARY TABLE toolsync_forum_subscription (
    forumid BIGINT NOT NULL, userid BIGINT NOT NULL, allowed TINYINT NOT NULL, prohibited TINYINT NOT NULL, PRIMARY KEY (forumid, userid)
);

INSERT INTO toolsync_forum_subscription (forumid, userid, allowed, prohibited)
SELECT fc.forumid, s.userid, MAX(fr.allowed), MAX(fr.prohibited)
  FROM toolsync_subscriber s
  JOIN toolsync_forum_context fc ON fc.courseid = s.courseid
  JOIN {role_assignments} ra {{ by_index("role_assignments", "userid", "contextid") }} ON ra.userid = s.userid AND ra.contextid = fc.contextid
  JOIN toolsync_forum_role fr ON fr.forumid = fc.forumid AND fr.roleid = ra.roleid
 GROUP BY fc.forumid, s.userid;

-- Everybody also has the site's default role, and site administrators may do everything.
INSERT INTO toolsync_forum_subscription (forumid, userid, allowed, prohibited)
SELECT fr.forumid, s.userid, fr.allowed, fr.prohibited
  FROM toolsync_subscriber s
  JOIN {forum} f ON f.course = s.courseid AND f.forcesubscribe = 2
  JOIN toolsync_forum_role fr ON fr.forumid = f.id AND fr.roleid = {{ setting("defaultuserroleid") }} + 0
    ON DUPLICATE KEY UPDATE allowed = GREATEST(toolsync_forum_subscription.allowed, VALUES(allowed)),
                            prohibited = GREATEST(toolsync_forum_subscription.prohibited, VALUES(prohibited));

INSERT INTO toolsync_forum_subscription (forumid, userid, allowed, prohibited)
SELECT f.id, s.userid, 1, 0
  FROM toolsync_subscriber s
  JOIN {forum} f ON f.course = s.courseid AND f.forcesubscribe = 2
 WHERE FIND_IN_SET(s.userid, {{ setting("siteadmins") }})
    ON DUPLICATE KEY UPDATE allowed = 1, prohibited = 0;

DROP TEMPORARY TABLE IF EXISTS toolsync_subscription_new;
CREATE TEMPORARY TABLE toolsync_subscription_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL, forumid BIGINT NOT NULL
);

INSERT INTO toolsync_subscription_new (userid, forumid)
SELECT w.userid, w.forumid
  FROM toolsync_forum_subscription w
{% if only_forums is defined %}
  JOIN {{ only_forums }} n ON n.newid = w.forumid AND n.seq > 0
{% endif %}
  LEFT JOIN {forum_subscriptions} fs ON fs.userid = w.userid AND fs.forum = w.forumid
 WHERE w.allowed AND NOT w.prohibited AND fs.id IS NULL;

-- chunks: toolsync_subscription_new.seq
INSERT INTO {forum_subscriptions} (userid, forum)
SELECT w.userid, w.forumid
  FROM toolsync_subscription_new w
 WHERE w.seq BETWEEN @first AND @last
 ORDER BY w.seq;
