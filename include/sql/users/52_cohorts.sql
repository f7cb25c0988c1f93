-- Cohort memberships. `cohort` gives a name, `cohort1` an idnumber or, in digits alone, an id. A missing cohort (not one by id) is created in the system context.
{% import "shared/identify.sql" as named with context %}
{% if given("cohort") or given_any("cohort#") %}
{% set is_id = "c.value REGEXP '^(0|[1-9][0-9]{0,17})$'" %}

CREATE TEMPORARY TABLE toolsync_joining (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, userid BIGINT NOT NULL, cohort_field VARCHAR(300) NOT NULL,
    name LONGTEXT NULL, idnumber LONGTEXT NULL, id LONGTEXT NULL, new_idnumber VARCHAR(100) NULL, cohortid BIGINT NULL,
    status VARCHAR(10) NULL, field VARCHAR(300) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

-- Cohorts that are not there, and why they can't be made: as on Moodle's pages, a new cohort gets no idnumber that another has.
CREATE TEMPORARY TABLE toolsync_cohort_missing (
    line INT UNSIGNED NOT NULL, n INT NOT NULL, field VARCHAR(300) NOT NULL, name VARCHAR(254) NOT NULL, idnumber VARCHAR(100) NULL,
    PRIMARY KEY (line, n), KEY (idnumber)
);
CREATE TEMPORARY TABLE toolsync_cohort_refused (line INT UNSIGNED NOT NULL, n INT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (line, n));

{% if given("cohort") %}
INSERT INTO toolsync_joining (line, n, userid, cohort_field, name, new_idnumber)
SELECT line, 0, userid, 'cohort', cohort, {{ "NULLIF(cohortid, '')" if given("cohortid") else "NULL" }}
  FROM toolsync_row
 WHERE status IS NULL AND cohort <> '';
{% endif %}

{% if given_any("cohort#") %}
INSERT INTO toolsync_joining (line, n, userid, cohort_field, id, idnumber, new_idnumber)
SELECT r.line, c.n + 1, r.userid, c.field, IF({{ is_id }}, c.value, NULL), IF({{ is_id }}, NULL, c.value), IF({{ is_id }}, NULL, LEFT(c.value, 100))
  FROM toolsync_row r
  JOIN toolsync_cell c ON c.line = r.line AND c.family = 'cohort#'
 WHERE r.status IS NULL AND c.value <> '';

{% with rows="toolsync_joining", value="id", by="id", into="cohortid", n="n", field_column="cohort_field" %}
{% include "shared/find_cohort.sql" %}
{% endwith %}

UPDATE toolsync_joining
   SET message = 'no cohort has this id: digits alone are an id here, never an idnumber'
 WHERE status = 'failed' AND id IS NOT NULL;
{% endif %}

-- A name in other letter case is another cohort, an idnumber is not.
{% for column in (["name"] if given("cohort") else []) + (["idnumber"] if given_any("cohort#") else []) %}
{% with rows="toolsync_joining", value=column, by=column, into="cohortid", n="n", field_column="cohort_field", exactly=(column == "name") %}
{% include "shared/find_cohort.sql" %}
{% endwith %}

INSERT INTO toolsync_cohort_missing (line, n, field, name, idnumber)
SELECT j.line, j.n, {{ "IF(j.new_idnumber IS NULL, 'cohort', 'cohortid')" if column == "name" else "j.cohort_field" }}, j.{{ column }}, j.new_idnumber
  FROM toolsync_joining j
  LEFT JOIN toolsync_found f ON f.line = j.line AND f.n = j.n
 WHERE j.status = 'failed' AND j.{{ column }} <> '' AND f.id IS NULL;

{% if column == "name" and given("cohortid") %}
INSERT IGNORE INTO toolsync_cohort_refused (line, n, message)
SELECT k.line, k.n, IF({{ named.same("c.idnumber", "k.idnumber") }}, CONCAT('another cohort has it: ', c.name), CONCAT('looks like ', c.idnumber, ', which is there'))
  FROM {cohort} c
  STRAIGHT_JOIN toolsync_cohort_missing k ON k.idnumber = c.idnumber
 ORDER BY k.line, k.n, c.id;

UPDATE toolsync_joining j
  JOIN toolsync_cohort_missing k ON k.line = j.line AND k.n = j.n
  JOIN toolsync_cohort_refused t ON t.line = j.line AND t.n = j.n
   SET j.field = k.field, j.message = t.message;

DELETE k FROM toolsync_cohort_missing k
  JOIN toolsync_cohort_refused t ON t.line = k.line AND t.n = k.n;
{% endif %}

INSERT INTO toolsync_cohort_op (line, n, field, cohortkey, contextid, name, idnumber)
SELECT k.line, k.n, {{ "'cohort'" if column == "name" else "k.field" }}, CONCAT('{{ column }} ', SHA2({{ "k.name" if column == "name" else "LOWER(k.idnumber)" }}, 256)), @system_context, k.name, k.idnumber
  FROM toolsync_cohort_missing k;

{% include "shared/create_cohorts.sql" %}

UPDATE toolsync_joining j
  JOIN toolsync_cohort_op o ON o.line = j.line AND o.n = j.n
   SET j.cohortid = o.cohortid, j.status = NULL, j.field = NULL, j.message = NULL;

DELETE FROM toolsync_cohort_missing;
{% endfor %}

INSERT INTO toolsync_note (line, field, message)
SELECT o.line, o.field, CONCAT('made the cohort ', o.name) FROM toolsync_cohort_op o WHERE o.status = 'created';

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
