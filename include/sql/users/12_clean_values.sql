-- Usernames and codes, in the letter case that Moodle stores. Files for Moodle 1.9 write the language fr_utf8.
{% for column in ["username", "oldusername"] if given(column) %}
CREATE TEMPORARY TABLE toolsync_small_{{ column }} (line INT UNSIGNED NOT NULL PRIMARY KEY, name TEXT NOT NULL);

-- python: small_letters INTO toolsync_small_{{ column }}
SELECT line, {{ column }} FROM toolsync_row WHERE @any_username AND LENGTH({{ column }}) <> CHAR_LENGTH({{ column }});

UPDATE toolsync_row r JOIN toolsync_small_{{ column }} l ON l.line = r.line SET r.{{ column }} = l.name;
{% endfor %}

{% set cleaned = [] %}
{% for column in ["username", "oldusername"] if given(column) %}
{# A capital without a small letter of its own, as İ, stays: no username holds it. #}
{% set _ = cleaned.append((column, "IF(UPPER(LOWER(" ~ column ~ ")) COLLATE utf8mb4_bin = UPPER(" ~ column ~ "), LOWER(" ~ column ~ "), " ~ column ~ ")")) %}
{% endfor %}
{% for column in ["auth", "theme"] if given(column) %}{% set _ = cleaned.append((column, "LOWER(" ~ column ~ ")")) %}{% endfor %}
{% if given("country") %}{% set _ = cleaned.append(("country", "UPPER(country)")) %}{% endif %}
{% if given("lang") %}{% set _ = cleaned.append(("lang", "IF(SUBSTRING(lang, -5) = '_utf8', REPLACE(LOWER(lang), '_utf8', ''), LOWER(lang))")) %}{% endif %}

{% if cleaned %}
UPDATE toolsync_row
   SET {% for column, clean in cleaned %}{{ column }} = {{ clean }}{{ ", " if not loop.last }}{% endfor %}

 WHERE {% for column, clean in cleaned %}{{ column }} COLLATE utf8mb4_bin <> {{ clean }}{{ " OR " if not loop.last }}{% endfor %};
{% endif %}
