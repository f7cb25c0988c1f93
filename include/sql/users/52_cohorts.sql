-- Cohort memberships. `cohort` gives a name, `cohort1` an idnumber or an id. A missing cohort (not one by id) is created in the system context.
{% if given("cohort") or given_any("cohort#") %}

CREATE TEMPORARY TABLE toolsync_joining (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, userid BIGINT NOT NULL, cohort_field VARCHAR(300) NOT NULL,
    name LONGTEXT NULL, idnumber LONGTEXT NULL, id LONGTEXT NULL, new_idnumber VARCHAR(100) NULL, cohortid BIGINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(300) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

{% if given("cohort") %}
INSERT INTO toolsync_joining (line, n, userid, cohort_field, name, new_idnumber)
SELECT line, 0, userid, 'cohort', cohort, {{ "NULLIF(cohortid, '')" if given("cohortid") else "NULL" }}
  FROM toolsync_row
 WHERE status IS NULL AND cohort <> '';
{% endif %}

{% if given_any("cohort#") %}
INSERT INTO toolsync_joining (line, n, userid, cohort_field, id, idnumber, new_idnumber)
SELECT r.line, c.n + 1, r.userid, c.field,
       IF(c.value REGEXP '^[0-9]+$', c.value, NULL), IF(c.value REGEXP '^[0-9]+$', NULL, c.value), IF(c.value REGEXP '^[0-9]+$', NULL, c.value)
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family = 'cohort#'
 WHERE r.status IS NULL AND c.value <> '';
{% endif %}

{% for column in ["id", "idnumber", "name"] %}
{% with rows="toolsync_joining", value=column, by=column, into="cohortid", n="n", field_column="cohort_field" %}
{% include "shared/find_cohort.sql" %}
{% endwith %}

{% if column != "id" %}
INSERT INTO toolsync_cohort_op (line, n, field, cohortkey, contextid, name, idnumber)
SELECT j.line, j.n, j.cohort_field, CONCAT('{{ column }} ', LEFT(j.{{ column }}, 240)), @system_context, j.{{ column }}, j.new_idnumber
  FROM toolsync_joining j
  LEFT JOIN toolsync_found f ON f.line = j.line AND f.n = j.n
 WHERE j.status = 'failed' AND j.{{ column }} <> '' AND f.id IS NULL;
{% endif %}
{% endfor %}

{% include "shared/create_cohorts.sql" %}

UPDATE toolsync_joining j
  JOIN toolsync_cohort_op o ON o.line = j.line AND o.n = j.n
   SET j.cohortid = o.cohortid, j.status = NULL, j.field = NULL, j.message = NULL;

CREATE TEMPORARY TABLE toolsync_managed_cohort (id BIGINT NOT NULL PRIMARY KEY, component VARCHAR(100) NOT NULL);

INSERT IGNORE INTO toolsync_managed_cohort (id, component)
SELECT c.id, c.component
  FROM toolsync_joining j
  JOIN {cohort} c ON c.id = j.cohortid
 WHERE j.status IS NULL AND c.component <> '';

UPDATE toolsync_joining j
  JOIN toolsync_managed_cohort c ON c.id = j.cohortid
   SET j.status = 'failed', j.field = j.cohort_field, j.message = CONCAT('the members of this cohort are managed by ', c.component, ': change them there')
 WHERE j.status IS NULL;

INSERT INTO toolsync_cohort_member_op (line, n, field, action, cohortid, userid)
SELECT line, n, cohort_field, 'add', cohortid, userid FROM toolsync_joining WHERE status IS NULL;

INSERT INTO toolsync_problem (line, field, message)
SELECT line, field, message FROM toolsync_joining WHERE status = 'failed';
{% endif %}
