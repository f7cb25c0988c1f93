{% import "shared/identify.sql" as named with context %}
{% with name="course", what="course", several="courses", among=named.is_course("x") %}{% include "shared/find.sql" %}{% endwith %}
{% if named.may_go %}
{% set number = "r." ~ n if n is defined else "0" %}
{% set where = "r." ~ field_column if field_column is defined else "'" ~ (field if field is defined else value) ~ "'" %}

-- A course on its way out is none, and its names are still taken: say so.
DROP TEMPORARY TABLE IF EXISTS toolsync_going;
CREATE TEMPORARY TABLE toolsync_going (line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (line, n));

INSERT IGNORE INTO toolsync_going (line, n)
SELECT r.line, {{ number }}
  FROM {{ rows }} r
  STRAIGHT_JOIN {course} x {{ named.index("course", by) }} ON {{ named.equal("x", by, "r.`" ~ value ~ "`") }} AND {{ named.is_going("x") }}
 WHERE r.`{{ into }}` IS NULL AND (r.status IS NULL OR r.field = {{ where }} AND r.message LIKE 'no course has this %');

UPDATE {{ rows }} r
  JOIN toolsync_going g ON g.line = r.line AND g.n = {{ number }}
   SET r.status = 'failed', r.field = {{ where }}, r.message = 'this course is being deleted';
{% endif %}
