{#
  own   the column of a file that Param cohort_id_field means
  key   what identifies the cohort of a line `r`: its column cid, otherwise `own`
#}
{% set own = {"idnumber": "cidnumber", "name": "cname", "id": "cid"}[option.cohort_id_field] %}
{% set key = "LEFT(COALESCE(NULLIF(r.cid, ''), r." ~ own ~ "), 254)" %}
