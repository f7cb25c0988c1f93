-- Teachers: their accounts and roles, and whether the course will have an enabled manual enrolment.
{% if given_any("teacher#_account") %}

CREATE TEMPORARY TABLE toolsync_teacher (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, field VARCHAR(300) NOT NULL, rolefield VARCHAR(300) NULL, account VARCHAR(255) NOT NULL,
    rolename VARCHAR(100) NOT NULL, userid BIGINT NULL, roleid BIGINT NULL, status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

INSERT INTO toolsync_teacher (line, n, field, rolefield, account, rolename)
SELECT c.line, c.n, MAX(IF(c.family = 'teacher#_account', c.field, '')), MAX(IF(c.family = 'teacher#_role', c.field, NULL)),
       LEFT(MAX(IF(c.family = 'teacher#_account', c.value, '')), 255), COALESCE(LEFT(NULLIF(MAX(IF(c.family = 'teacher#_role', c.value, '')), ''), 100), 'editingteacher')
  FROM toolsync_cell c
  JOIN toolsync_course t ON t.line = c.line
 WHERE c.family IN ('teacher#_account', 'teacher#_role')
 GROUP BY c.line, c.n
HAVING MAX(IF(c.family = 'teacher#_account', c.value, '')) <> '';

{% with rows="toolsync_teacher", value="account", by=option.user_id_field, into="userid", n="n", field_column="field" %}{% include "shared/find_user.sql" %}{% endwith %}
{% with rows="toolsync_teacher", value="rolename", by="shortname", into="roleid", n="n", field_column="rolefield" %}{% include "shared/find_role.sql" %}{% endwith %}

UPDATE toolsync_teacher p
   SET p.status = 'failed', p.message = 'the guest account cannot be enrolled'
 WHERE p.status IS NULL AND p.userid = @guest;

-- Existing courses with an enabled manual enrolment.
CREATE TEMPORARY TABLE toolsync_manual (courseid BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_teacher
INSERT IGNORE INTO toolsync_manual (courseid)
SELECT e.courseid
  FROM toolsync_was_course c
  JOIN {enrol} e ON e.courseid = c.id AND e.enrol = 'manual' AND e.status = 0;

UPDATE toolsync_teacher p
  JOIN toolsync_course t ON t.line = p.line
  LEFT JOIN toolsync_manual e ON e.courseid = t.id
  LEFT JOIN toolsync_method m ON m.enrol = 'manual'
{% if given_any("enrolment_#") %}
  LEFT JOIN (SELECT a.line, MAX(a.action) AS action FROM toolsync_ask a WHERE a.enrol = 'manual' GROUP BY a.line) a ON a.line = p.line
{% endif %}
   SET p.status = 'failed', p.message = 'the course has no enabled manual enrolment'
 WHERE p.status IS NULL
   AND NOT (COALESCE(m.position, 0) > 0
            AND {{ "COALESCE(a.action = 'on', " if given_any("enrolment_#") else "(" }}IF(t.isnew, m.isdefault AND m.status = 0, e.courseid IS NOT NULL)));

{% with rows="toolsync_teacher" %}{% include "courses/failures.sql" %}{% endwith %}
{% endif %}
