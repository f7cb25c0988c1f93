{# The column that identifies the course of a line: the one of Param course_id_field, or else the one in the file's own header. #}
{% set key = namespace(column="") %}
{% for column in [option.course_id_field, "shortname", "idnumber", "id"] if given(column) and not key.column %}
{% set key.column = column %}
{% endfor %}
