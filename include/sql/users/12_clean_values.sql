-- Usernames and codes, in the letter case that Moodle stores.

{% for column in ["username", "oldusername", "auth", "lang", "theme"] if given(column) %}
UPDATE toolsync_row SET {{ column }} = LOWER({{ column }}) WHERE {{ column }} COLLATE utf8mb4_bin <> LOWER({{ column }});
{% endfor %}

{% if given("country") %}
UPDATE toolsync_row SET country = UPPER(country) WHERE country COLLATE utf8mb4_bin <> UPPER(country);
{% endif %}

{% if given("lang") %}
-- Files for Moodle 1.9 write fr_utf8.
UPDATE toolsync_row SET lang = REPLACE(lang, '_utf8', '') WHERE lang LIKE '%\_utf8';
{% endif %}
