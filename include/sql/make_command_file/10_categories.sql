-- Find the categories of Param categories (toolsync_asked, one a row): toolsync_named; with Param subcategories also those below: toolsync_inside.
{% set by = option.category_id_field %}
{% import "shared/identify.sql" as meant with context %}

CREATE TEMPORARY TABLE toolsync_category_name (categoryid BIGINT NOT NULL PRIMARY KEY, name VARCHAR(4000) NOT NULL);

INSERT INTO toolsync_category_name (categoryid, name)
WITH RECURSIVE named (id, name) AS (
    SELECT k.id, CAST(k.name AS CHAR(4000)) FROM {course_categories} k WHERE k.parent = 0
     UNION ALL
    SELECT k.id, CONCAT(n.name, ' / ', k.name) FROM named n JOIN {course_categories} k ON k.parent = n.id
)
SELECT id, name FROM named;

CREATE TEMPORARY TABLE toolsync_named (n INT NOT NULL, categoryid BIGINT NOT NULL, exact TINYINT NOT NULL, PRIMARY KEY (n, categoryid));

-- What only looks alike is not meant, and what differs in letter case only where nothing is written exactly so.
INSERT INTO toolsync_named (n, categoryid, exact)
SELECT a.n, k.id, {{ meant.best("t" if by == "path" else "k", "name" if by == "path" else by, "a.value") }}
  FROM toolsync_asked a
  JOIN {course_categories} k
{% if by == "path" %}
  JOIN toolsync_category_name t ON t.categoryid = k.id AND {{ meant.equal("t", "name", "a.value") }}
{% elif by == "idnumber" %}
    ON {{ meant.equal("k", "idnumber", "a.value") }}
{% else %}
    ON CAST(k.id AS CHAR) = a.value
{% endif %};

CREATE TEMPORARY TABLE toolsync_named_exactly (n INT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_named_exactly (n) SELECT w.n FROM toolsync_named w WHERE w.exact;

DELETE w FROM toolsync_named w JOIN toolsync_named_exactly e ON e.n = w.n WHERE NOT w.exact;

CREATE TEMPORARY TABLE toolsync_inside (categoryid BIGINT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_inside (categoryid)
SELECT {{ "k.id" if option.subcategories else "t.id" }}
  FROM toolsync_named n
  JOIN {course_categories} t ON t.id = n.categoryid
{% if option.subcategories %}
  JOIN {course_categories} k ON k.id = t.id OR k.path LIKE CONCAT(t.path, '/%')
{% endif %};
