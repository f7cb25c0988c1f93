{# `by`: what identifies a category: path, idnumber or id; `below`: take those below, too. #}
-- Find the categories that toolsync_asked names, one a row: toolsync_category_found; with those below, if they are wanted: toolsync_inside.
{% import "shared/identify.sql" as meant with context %}

CREATE TEMPORARY TABLE toolsync_category_name (categoryid BIGINT NOT NULL PRIMARY KEY, name VARCHAR(4000) NOT NULL);

INSERT INTO toolsync_category_name (categoryid, name)
WITH RECURSIVE named (id, name) AS (
    SELECT k.id, CAST(k.name AS CHAR(4000)) FROM {course_categories} k WHERE k.parent = 0
     UNION ALL
    SELECT k.id, CONCAT(n.name, ' / ', k.name) FROM named n STRAIGHT_JOIN {course_categories} k {{ by_index("course_categories", "parent") }} ON k.parent = n.id
)
SELECT id, name FROM named;

CREATE TEMPORARY TABLE toolsync_category_found (n INT NOT NULL, categoryid BIGINT NOT NULL, exact TINYINT NOT NULL, PRIMARY KEY (n, categoryid));

-- What only looks alike is not meant, and what differs in letter case only where nothing is written exactly so.
INSERT INTO toolsync_category_found (n, categoryid, exact)
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

CREATE TEMPORARY TABLE toolsync_category_exactly (n INT NOT NULL PRIMARY KEY);

INSERT IGNORE INTO toolsync_category_exactly (n) SELECT w.n FROM toolsync_category_found w WHERE w.exact;

DELETE w FROM toolsync_category_found w JOIN toolsync_category_exactly e ON e.n = w.n WHERE NOT w.exact;

CREATE TEMPORARY TABLE toolsync_inside (categoryid BIGINT NOT NULL PRIMARY KEY);

{% if below %}
-- By their parents, as people see them: a path may be broken, and an empty one begins every other.
INSERT IGNORE INTO toolsync_inside (categoryid)
WITH RECURSIVE inside (id) AS (
    SELECT n.categoryid FROM toolsync_category_found n
     UNION
    SELECT k.id FROM inside i STRAIGHT_JOIN {course_categories} k {{ by_index("course_categories", "parent") }} ON k.parent = i.id
)
SELECT id FROM inside;
{% else %}
INSERT IGNORE INTO toolsync_inside (categoryid) SELECT n.categoryid FROM toolsync_category_found n;
{% endif %}
