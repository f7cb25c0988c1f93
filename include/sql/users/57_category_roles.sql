-- Roles in categories, as in Moodle's upload of users: category1 is the idnumber of a category, categoryrole1 the short name or id of a role.
{% import "shared/identify.sql" as named with context %}
{% if given_any("category#") %}

CREATE TEMPORARY TABLE toolsync_category_role (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, userid BIGINT NOT NULL, category LONGTEXT NOT NULL, category_field VARCHAR(300) NOT NULL, contextid BIGINT NULL,
    role LONGTEXT NOT NULL, role_field VARCHAR(300) NOT NULL, roleid BIGINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(300) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

INSERT INTO toolsync_category_role (line, n, userid, category, category_field, role, role_field)
SELECT r.line, c.n, r.userid, MAX(IF(c.family = 'category#', c.value, '')), MAX(IF(c.family = 'category#', c.field, '')),
       MAX(IF(c.family = 'categoryrole#', c.value, '')),
       COALESCE(MAX(IF(c.family = 'categoryrole#', c.field, NULL)), MAX(IF(c.family = 'category#', c.field, NULL)))
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family IN ('category#', 'categoryrole#')
 WHERE r.status IS NULL
 GROUP BY r.line, r.userid, c.n
HAVING MAX(IF(c.family = 'category#', c.value, '')) <> '';

-- Categories have no index by idnumber, so read them once instead of once a line.
CREATE TEMPORARY TABLE toolsync_category_asked (idnumber VARCHAR(100) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, looks VARCHAR(100) NOT NULL, KEY (looks));
CREATE TEMPORARY TABLE toolsync_category_found (
    idnumber VARCHAR(100) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, categoryid BIGINT NULL, contextid BIGINT NULL, matches INT NOT NULL, alike VARCHAR(100) NOT NULL
);

INSERT IGNORE INTO toolsync_category_asked (idnumber, looks)
SELECT g.category, g.category FROM toolsync_category_role g WHERE CHAR_LENGTH(g.category) <= 100;

{% set exact = named.exact("cc.idnumber", "k.looks") %}
{% set same = named.same("cc.idnumber", "k.looks") %}
INSERT INTO toolsync_category_found (idnumber, categoryid, matches, alike)
SELECT k.idnumber, COALESCE(MIN(IF({{ exact }}, cc.id, NULL)), MIN(IF({{ same }}, cc.id, NULL))),
       COALESCE(NULLIF(SUM({{ exact }}), 0), SUM({{ same }})), MIN(cc.idnumber)
  FROM {course_categories} cc
  STRAIGHT_JOIN toolsync_category_asked k ON k.looks = cc.idnumber
 GROUP BY k.idnumber;

CREATE TEMPORARY TABLE toolsync_category_context (categoryid BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_category_context (categoryid, contextid)
SELECT f.categoryid, c.id FROM toolsync_category_found f JOIN {context} c ON c.contextlevel = 40 AND c.instanceid = f.categoryid;

UPDATE toolsync_category_found f JOIN toolsync_category_context c ON c.categoryid = f.categoryid SET f.contextid = c.contextid;

UPDATE toolsync_category_role g
  LEFT JOIN toolsync_category_found f ON f.idnumber = g.category
   SET g.contextid = IF(f.matches = 1, f.contextid, NULL),
       g.status = IF(f.matches = 1, NULL, 'failed'),
       g.field = IF(f.matches = 1, NULL, g.category_field),
       g.message = CASE WHEN f.matches > 1 THEN CONCAT(f.matches, ' categories have this idnumber')
                        WHEN f.matches = 1 THEN NULL
                        ELSE CONCAT('no category has this idnumber', COALESCE(CONCAT(', only ', f.alike, ', which looks like it'), '')) END;

{% with rows="toolsync_category_role", level=40, refused="this role cannot be given in categories" %}{% include "users/given_roles.sql" %}{% endwith %}

-- Their n must differ from those of roles in courses and in the whole site.
INSERT INTO toolsync_role_op (line, n, field, action, contextid, userid, roleid)
SELECT line, 2000000000 + n, role_field, 'assign', contextid, userid, roleid FROM toolsync_category_role WHERE status IS NULL AND contextid IS NOT NULL;

INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM toolsync_category_role WHERE status = 'failed';
{% endif %}
