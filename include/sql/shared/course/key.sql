{# The column that says which course a line is about: the one that the Param chooses, or the one that a list's own header names. #}
{% set key = namespace(column="") %}
{% for column in [option.course_id_field, "shortname", "idnumber", "id"] if given(column) and not key.column %}
{% set key.column = column %}
{% endfor %}
