{# What a note says of a file `f` that nobody ever downloaded from a repository of `whose`. #}
{% macro undownloaded(whose) -%}
CONCAT('the file ', f.filename, ' (id ', f.id, ') came from a repository of {{ whose }} and was never downloaded: it is empty now')
{%- endmacro %}
