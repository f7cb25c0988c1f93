-- Find the existing accounts that their line would change, and leave administrators alone.
{% from "users/fields.sql" import kept_when_empty, numbers, stored %}
{% from "users/terms.sql" import renames, new_email, new_idnumber, unlike_email with context %}
{# A method of authentication may take the password away. #}
{% set compared = [] %}
{% for column in stored if given(column) or column == "password" and given("auth") %}{% set _ = compared.append(column) %}{% endfor %}
{% macro differs(column) -%}
{% if column == "username" %}{{ renames }}
{%- elif column == "email" %}{{ new_email }}
{%- elif column == "idnumber" %}{{ new_idnumber }}
{%- elif column == "password" %}EXISTS (SELECT 1 FROM toolsync_password p WHERE p.line = r.line)
{%- elif column in kept_when_empty %}r.{{ column }} <> '' AND u.{{ column }} <> r.{{ column }} COLLATE utf8mb4_bin
{%- elif column in numbers %}u.{{ column }} <> r.{{ column }}
{%- else %}COALESCE(u.{{ column }}, '') <> r.{{ column }} COLLATE utf8mb4_bin
{%- endif %}
{%- endmacro %}

CREATE TEMPORARY TABLE toolsync_change (userid BIGINT NOT NULL PRIMARY KEY, line INT UNSIGNED NOT NULL);

INSERT INTO toolsync_change (userid, line)
SELECT r.userid, r.line
  FROM toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL
   AND (r.restored = 1
{% for column in compared %}
        OR {{ differs(column) }}
{% endfor %}
       );

{# A file that was claimed by an earlier version does not have the Param. #}
{% if option.protect_administrators | default(true) %}
{% set left_alone = "'an administrator''s account is not changed (Param protect_administrators)'" %}
{% set protected = "r.status IS NULL AND FIND_IN_SET(r.userid, @admins)" %}
UPDATE toolsync_change w
  JOIN toolsync_row r ON r.line = w.line
  JOIN toolsync_was_user u ON u.line = w.line
   SET r.status = 'failed', r.message = {{ left_alone }},
       r.field = CASE WHEN r.restored = 1 THEN 'username'
{% for column in compared %}
                      WHEN {{ differs(column) }} THEN '{{ column if given(column) else "auth" }}'
{% endfor %}
                 END
 WHERE {{ protected }};

{% if given("auth") %}
UPDATE toolsync_row r
  JOIN toolsync_outside_wish o ON o.line = r.line
   SET r.status = 'failed', r.field = 'auth', r.message = {{ left_alone }}
 WHERE {{ protected }};
{% endif %}

{% if given_any("profile_field_*") %}
UPDATE toolsync_row r
  JOIN toolsync_profile p ON p.line = r.line
   SET r.status = 'failed', r.field = p.field, r.message = {{ left_alone }}
 WHERE {{ protected }} AND NOT p.was <=> p.value COLLATE utf8mb4_bin;
{% endif %}

{% if given("interests") %}
{% with column="interests" %}{% include "shared/tags_given.sql" %}{% endwith %}

CREATE TEMPORARY TABLE toolsync_protected (line INT UNSIGNED NOT NULL PRIMARY KEY);

-- Interests that the line takes away or moves, then those that it adds or moves.
INSERT IGNORE INTO toolsync_protected (line)
SELECT r.line
  FROM toolsync_row r
  JOIN {tag_area} a ON a.component = 'core' AND a.itemtype = 'user' AND a.enabled = 1
  JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = r.userid AND ti.tiuserid = 0
  JOIN {tag} k ON k.id = ti.tagid
  LEFT JOIN toolsync_tag g ON g.line = r.line AND g.name = k.name AND g.place = ti.ordering
 WHERE {{ protected }} AND g.line IS NULL AND {{ setting_is_on("usetags") }};

INSERT IGNORE INTO toolsync_protected (line)
SELECT r.line
  FROM toolsync_row r
  JOIN {tag_area} a ON a.component = 'core' AND a.itemtype = 'user' AND a.enabled = 1
  JOIN toolsync_tag g ON g.line = r.line
  LEFT JOIN {tag} k ON k.tagcollid = a.tagcollid AND k.name = g.name
  LEFT JOIN {tag_instance} ti ON ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = r.userid AND ti.tiuserid = 0 AND ti.tagid = k.id
 WHERE {{ protected }} AND NOT ti.ordering <=> g.place AND {{ setting_is_on("usetags") }};

UPDATE toolsync_row r
  JOIN toolsync_protected p ON p.line = r.line
   SET r.status = 'failed', r.field = 'interests', r.message = {{ left_alone }};

DROP TEMPORARY TABLE toolsync_tag;
{% endif %}

DELETE w FROM toolsync_change w JOIN toolsync_row r ON r.line = w.line WHERE r.status = 'failed';
{% endif %}

UPDATE toolsync_row r JOIN toolsync_change w ON w.line = r.line SET r.changed = 1;
{% if given("auth") %}

UPDATE toolsync_row r JOIN toolsync_outside_wish o ON o.line = r.line SET r.changed = 1 WHERE r.status IS NULL;
{% endif %}
{% if option.protect_emails and given("email") %}

INSERT INTO toolsync_note (line, field, message)
SELECT r.line, 'email', 'differs: email; Param protect_emails is on'
  FROM toolsync_row r
  JOIN toolsync_was_user u ON u.line = r.line
 WHERE r.status IS NULL AND r.restored IS NULL AND r.email <> '' AND u.email <> '' AND {{ unlike_email }};
{% endif %}
