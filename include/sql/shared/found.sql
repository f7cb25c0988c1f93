-- Write the ids found into the rows. A row fails if its value matches several things{{ "" if optional is defined and optional else ", or nothing" }}.
{% set missing = "" if optional is defined and optional or by == "id" else ", COALESCE(CONCAT(', only ', a.name, ', which looks like it'), '')" %}
UPDATE {{ rows }} r
  {{ "JOIN" if optional is defined and optional else "LEFT JOIN" }} toolsync_found f ON f.line = r.line AND f.n = {{ "r." ~ n if n is defined else 0 }}
{% if missing %}
  LEFT JOIN toolsync_alike a ON a.line = r.line AND a.n = {{ "r." ~ n if n is defined else 0 }}
{% endif %}
   SET r.`{{ into }}` = IF(f.matches = 1, f.id, NULL),
       r.field = IF(f.matches = 1, r.field, {{ "r." ~ field_column if field_column is defined else "'" ~ (field if field is defined else value) ~ "'" }}),
       r.message = CASE WHEN f.id IS NULL THEN {{ "CONCAT('no " ~ what ~ " has this " ~ by ~ "'" ~ missing ~ ")" if missing else "'no " ~ what ~ " has this " ~ by ~ "'" }}
                        WHEN f.matches > 1 THEN CONCAT(f.matches, ' {{ several }} have this {{ by }}') END,
       r.status = IF(f.matches = 1, NULL, 'failed')
 WHERE r.status IS NULL AND r.`{{ value }}` <> '';
