{# The hash by which aliases of a file `f` name it: the file's place is a serialized PHP array, of which files_reference has text and hash. #}
{% macro reference_hash() %}
{% set packed = namespace(parts=["'a:6:{'"]) %}
{% for name, number in [("contextid", 1), ("component", 0), ("itemid", 1), ("filearea", 0), ("filepath", 0), ("filename", 0)] %}
{% set packed.parts = packed.parts + ["'s:" ~ name | length ~ ':"' ~ name ~ '";' ~ ("i:'" if number else "s:'")] %}
{% set packed.parts = packed.parts + (["f." ~ name, "';'"] if number else ["LENGTH(f." ~ name ~ ")", "':\"'", "f." ~ name, "'\";'"]) %}
{% endfor %}
SHA1(REPLACE(TO_BASE64(CONCAT({{ packed.parts | join(", ") }}, '}')), '\n', ''))
{%- endmacro %}
