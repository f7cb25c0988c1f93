-- Adapt the rows of a bundle to harmless changes that the site has had since.

-- A tag of the same name was created since.
CREATE TEMPORARY TABLE toolsync_tag_since (oldid BIGINT NOT NULL PRIMARY KEY, newid BIGINT NOT NULL);

-- when: toolsync_back_tag
INSERT INTO toolsync_tag_since (oldid, newid)
SELECT b.id, t.id FROM toolsync_back_tag b JOIN {tag} t ON t.tagcollid = b.tagcollid AND t.name = b.name;

-- when: toolsync_tag_since
-- when: toolsync_back_tag_instance
UPDATE toolsync_back_tag_instance i JOIN toolsync_tag_since t ON t.oldid = i.tagid SET i.tagid = t.newid;

-- when: toolsync_tag_since
DELETE b FROM toolsync_back_tag b JOIN toolsync_tag_since t ON t.oldid = b.id;

-- Leave out people whose account was deleted since.
CREATE TEMPORARY TABLE toolsync_account_gone (userid BIGINT NOT NULL PRIMARY KEY);
{% for name in ["user_enrolments", "role_assignments", "groups_members", "message_conversation_members", "user_lastaccess", "forum_subscriptions"] %}

-- when: toolsync_back_{{ name }}
INSERT IGNORE INTO toolsync_account_gone (userid)
SELECT u.id FROM toolsync_back_{{ name }} b JOIN {user} u ON u.id = b.userid AND u.deleted = 1;

-- when: toolsync_back_{{ name }}
-- when: toolsync_account_gone
INSERT INTO toolsync_note (line, message)
SELECT b.toolsync_line, CONCAT(COUNT(*), ' rows of {{ name }} are left out: the accounts were deleted since')
  FROM toolsync_back_{{ name }} b
  JOIN toolsync_account_gone u ON u.userid = b.userid
 GROUP BY b.toolsync_line;

-- when: toolsync_back_{{ name }}
-- when: toolsync_account_gone
DELETE b FROM toolsync_back_{{ name }} b JOIN toolsync_account_gone u ON u.userid = b.userid;
{% endfor %}

-- If the category was moved since, contexts get its new path.
CREATE TEMPORARY TABLE toolsync_path (line INT UNSIGNED NOT NULL PRIMARY KEY, was VARCHAR(255) NOT NULL, path VARCHAR(255) NOT NULL);

-- when: toolsync_back_course
INSERT INTO toolsync_path (line, was, path)
SELECT r.line, x.path, CONCAT(k.path, '/', x.id)
  FROM toolsync_row r
  JOIN toolsync_back_course c ON c.toolsync_line = r.line AND c.id = r.courseid
  JOIN toolsync_back_context x ON x.toolsync_line = r.line AND x.contextlevel = 50 AND x.instanceid = c.id
  JOIN {context} k ON k.contextlevel = 40 AND k.instanceid = c.category
 WHERE r.status IS NULL AND x.path <> CONCAT(k.path, '/', x.id);

-- when: toolsync_back_context
INSERT INTO toolsync_path (line, was, path)
SELECT r.line, MIN(CONCAT(SUBSTRING_INDEX(b.path, CONCAT('/', x.id, '/'), 1), '/', x.id)), MIN(x.path)
  FROM toolsync_row r
  JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = r.courseid
  JOIN toolsync_back_context b ON b.toolsync_line = r.line AND b.path LIKE CONCAT('%/', x.id, '/%')
 WHERE r.status IS NULL AND b.path NOT LIKE CONCAT(x.path, '/%')
 GROUP BY r.line;

-- when: toolsync_path
UPDATE toolsync_back_context b
  JOIN toolsync_path p ON p.line = b.toolsync_line AND (b.path = p.was OR b.path LIKE CONCAT(p.was, '/%'))
   SET b.depth = b.depth - (CHAR_LENGTH(p.was) - CHAR_LENGTH(REPLACE(p.was, '/', ''))) + (CHAR_LENGTH(p.path) - CHAR_LENGTH(REPLACE(p.path, '/', ''))),
       b.path = CONCAT(p.path, SUBSTRING(b.path, CHAR_LENGTH(p.was) + 1));

-- For people who have been in the course since, the later access stays.
CREATE TEMPORARY TABLE toolsync_access_since (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_back_user_lastaccess
INSERT INTO toolsync_access_since (id)
SELECT b.id
  FROM toolsync_back_user_lastaccess b
  JOIN toolsync_row r ON r.line = b.toolsync_line AND r.kind = 'courses'
  JOIN {user_lastaccess} t ON t.userid = b.userid AND t.courseid = b.courseid;

-- when: toolsync_access_since
DELETE b FROM toolsync_back_user_lastaccess b JOIN toolsync_access_since t ON t.id = b.id;
