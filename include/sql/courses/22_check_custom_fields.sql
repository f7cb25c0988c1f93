-- Custom fields: the value that each cell stores, and what the site does not allow.
{% if given_any("customfield_*") %}
{% import "shared/identify.sql" as named with context %}
{% from "courses/terms.sql" import of_field with context %}

CREATE TEMPORARY TABLE toolsync_field (
    id BIGINT NOT NULL PRIMARY KEY, shortname VARCHAR(100) NOT NULL, type VARCHAR(100) NOT NULL, component VARCHAR(100) NOT NULL, area VARCHAR(100) NOT NULL,
    itemid BIGINT NOT NULL, required TINYINT NOT NULL, isunique TINYINT NOT NULL, most VARCHAR(50) NULL, least VARCHAR(50) NULL, options LONGTEXT NULL,
    KEY (shortname)
);

{% macro config(name) %}NULLIF(NULLIF(JSON_UNQUOTE(JSON_EXTRACT(f.configdata, '$.{{ name }}')), 'null'), ''){% endmacro %}
INSERT INTO toolsync_field (id, shortname, type, component, area, itemid, required, isunique, most, least, options)
SELECT f.id, f.shortname, f.type, k.component, k.area, k.itemid,
       COALESCE({{ config("required") }} = '1', 0), COALESCE({{ config("uniquevalues") }} = '1', 0),
       CASE f.type WHEN 'text' THEN NULLIF({{ config("maxlength") }}, '0') WHEN 'date' THEN NULLIF({{ config("maxdate") }}, '0')
                   WHEN 'number' THEN {{ config("maximumvalue") }} END,
       CASE f.type WHEN 'date' THEN NULLIF({{ config("mindate") }}, '0') WHEN 'number' THEN {{ config("minimumvalue") }} END,
       CONCAT('\n', TRIM(BOTH '\n' FROM TRIM(REGEXP_REPLACE({{ config("options") }}, '(?:(?<![[:space:]])[[:space:]]+)?\n[[:space:]]*', '\n'))), '\n')
  FROM (SELECT DISTINCT c.name COLLATE utf8mb4_bin AS name FROM toolsync_cell c WHERE c.family = 'customfield_*') n
  JOIN {customfield_field} f ON {{ named.same("f.shortname", "n.name") }}
  JOIN {customfield_category} k ON k.id = f.categoryid
 WHERE k.component = 'core_course' AND k.area = 'course'
{% if site_has("customfield_shared") %}
    OR EXISTS (SELECT 1 FROM {customfield_shared} s WHERE s.categoryid = k.id AND s.component = 'core_course' AND s.area = 'course')
{% endif %}
;

DELETE FROM toolsync_fault;

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT t.line, CONCAT(c.field, '|the site has no such custom field of courses')
  FROM toolsync_course t
  JOIN toolsync_cell c ON c.line = t.line AND c.family = 'customfield_*' AND c.value <> ''
  LEFT JOIN toolsync_field f ON f.shortname = c.name AND {{ named.same("f.shortname", "c.name") }}
 WHERE f.id IS NULL;

CREATE TEMPORARY TABLE toolsync_custom (
    line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, type VARCHAR(100) NOT NULL, field VARCHAR(300) NOT NULL, dataid BIGINT NULL,
    intvalue BIGINT NULL, decvalue DECIMAL(20, 5) NULL, charvalue LONGTEXT NULL, value LONGTEXT NOT NULL, fault TEXT NULL,
    formerdec DECIMAL(20, 5) NULL, formervalue LONGTEXT NULL,
    PRIMARY KEY (line, fieldid), KEY (dataid)
);

{% set place = "INSTR(f.options COLLATE utf8mb4_bin, CONCAT('\\n', c.value, '\\n'))" %}
{% from "shared/no_date.sql" import no_date %}
-- An empty cell clears a stored value; where none is stored it does nothing.
INSERT IGNORE INTO toolsync_custom (line, fieldid, type, field, dataid, intvalue, decvalue, charvalue, value, fault, formerdec, formervalue)
SELECT t.line, f.id, f.type, c.field, IF(t.isnew, NULL, d.id),
       CASE f.type WHEN 'checkbox' THEN COALESCE(c.yesno, 0)
                   WHEN 'date' THEN COALESCE(c.moment, 0)
                   WHEN 'select' THEN IF(c.value = '', 0, CHAR_LENGTH(REGEXP_REPLACE(LEFT(f.options, {{ place }}), '[^\n]', ''))) END,
       IF(f.type = 'number' AND c.value REGEXP '^[+-]?[0-9]{1,10}([.][0-9]*)?$', CAST(c.value AS DECIMAL(20, 5)), NULL),
       IF(f.type = 'text', c.value, NULL),
       IF(f.type IN ('text', 'textarea', 'number'), c.value, ''),
       CASE WHEN f.type NOT IN ('checkbox', 'date', 'number', 'select', 'text', 'textarea') THEN CONCAT('a field of type ', f.type, ' cannot be set from a file')
            WHEN c.value = '' AND f.required THEN 'the site requires a value'
            WHEN c.value = '' THEN NULL
            WHEN f.type = 'checkbox' AND c.yesno IS NULL THEN 'expected yes or no'
            WHEN f.type = 'date' AND c.moment IS NULL THEN {{ no_date('c.value') }}
            WHEN f.type = 'date' AND c.moment < f.least THEN CONCAT('before ', DATE(FROM_UNIXTIME(f.least)), ', the first date of this field')
            WHEN f.type = 'date' AND c.moment > f.most THEN CONCAT('after ', DATE(FROM_UNIXTIME(f.most)), ', the last date of this field')
            WHEN f.type = 'number' AND NOT c.value REGEXP '^[+-]?[0-9]{1,10}([.][0-9]*)?$' THEN 'expected a number'
            WHEN f.type = 'number' AND NOT CAST(c.value AS DECIMAL(20, 5)) BETWEEN -{{ room_of("customfield_data", "decvalue") }} AND {{ room_of("customfield_data", "decvalue") }}
                 THEN 'the site stores at most {{ room_of("customfield_data", "decvalue") }}'
            WHEN f.type = 'number' AND c.value + 0 < f.least + 0 THEN CONCAT('expected at least ', f.least)
            WHEN f.type = 'number' AND c.value + 0 > f.most + 0 THEN CONCAT('expected at most ', f.most)
            WHEN f.type = 'text' AND CHAR_LENGTH(c.value) > f.most + 0 THEN CONCAT('expected at most ', f.most, ' characters')
            WHEN f.type = 'text' AND CHAR_LENGTH(c.value) > 1333 THEN 'expected at most 1333 characters'
            WHEN f.type = 'select' AND (c.value LIKE '%\n%' OR {{ place }} = 0)
                 THEN CONCAT('expected one of these:', REPLACE(TRIM(TRAILING '\n' FROM f.options), '\n', ' '))
       END,
       IF(t.isnew, NULL, d.decvalue), IF(t.isnew, NULL, d.value)
  FROM toolsync_course t
  JOIN toolsync_cell c ON c.line = t.line AND c.family = 'customfield_*'
  JOIN toolsync_field f ON f.shortname = c.name AND {{ named.same("f.shortname", "c.name") }}
  LEFT JOIN {customfield_data} d ON d.fieldid = f.id AND d.instanceid = COALESCE(t.id, t.templateid){{ of_field }}
 WHERE c.value <> '' OR NOT COALESCE(d.value, '') IN ('', IF(f.type IN ('checkbox', 'date', 'select'), '0', ''));

UPDATE toolsync_custom x SET x.value = x.intvalue WHERE x.type IN ('checkbox', 'date', 'select') AND x.fault IS NULL;

-- Values that have to be unique. The site has no index for this: its stored values are read once, and only if the file has such a field.
CREATE TEMPORARY TABLE toolsync_unique (
    line INT UNSIGNED NOT NULL, fieldid BIGINT NOT NULL, courseid BIGINT NOT NULL, field VARCHAR(300) NOT NULL, value VARCHAR(255) NOT NULL,
    PRIMARY KEY (line, fieldid), KEY (fieldid, value)
);

INSERT INTO toolsync_unique (line, fieldid, courseid, field, value)
SELECT x.line, x.fieldid, COALESCE(t.id, 0), x.field, LEFT(x.value, 255)
  FROM toolsync_custom x
  JOIN toolsync_course t ON t.line = x.line
  JOIN toolsync_field f ON f.id = x.fieldid
 WHERE f.isunique AND x.fault IS NULL AND x.value NOT IN ('', IF(x.type IN ('checkbox', 'date', 'select'), '0', ''));

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT x.line, CONCAT(x.field, '|', IF({{ named.same("LEFT(d.value, 255)", "x.value") }}, 'another course has this value',
                                       CONCAT('looks like ', LEFT(d.value, 255), ', which another course has')), ', and the field is unique')
  FROM toolsync_field f
  STRAIGHT_JOIN {customfield_data} d ON d.fieldid = f.id
  STRAIGHT_JOIN toolsync_unique x ON x.fieldid = d.fieldid AND x.value = LEFT(d.value, 255)
 WHERE f.isunique AND d.instanceid <> x.courseid;

INSERT IGNORE INTO toolsync_fault (line, fault)
SELECT x.line, CONCAT(x.field, '|', x.fault) FROM toolsync_custom x WHERE x.fault IS NOT NULL;

{% include "shared/faults.sql" %}

{% include "courses/drop_failed.sql" %}

DELETE x FROM toolsync_custom x
  LEFT JOIN toolsync_course t ON t.line = x.line
 WHERE t.line IS NULL;
{% endif %}
