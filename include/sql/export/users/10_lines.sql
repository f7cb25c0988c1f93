-- The accounts, one a line.
{% from "users/fields.sql" import kept_when_empty, cleared, cleared_or_null, numbers %}
{% from "export/terms.sql" import unwritable, fault, is_person, person, user_key with context %}
{% import "shared/identify.sql" as named with context %}
{% set faults = [person("u"), fault("u.suspended = 1 AND FIND_IN_SET(u.id, REPLACE(" ~ setting("siteadmins") ~ ", ' ', ''))", "suspended", "an administrator is never suspended")] %}
{% for column, written in [("auth", "LOWER"), ("theme", "LOWER"), ("lang", "LOWER"), ("country", "UPPER")] %}
{% set _ = faults.append(fault("u." ~ column ~ " <> " ~ written ~ "(u." ~ column ~ ") COLLATE utf8mb4_bin", column, "the site has it in other letter case than a file can")) %}
{% endfor %}
SELECT {{ "u.id, " if user_key == "id" }}u.username, u.email, u.idnumber,
{% for column in kept_when_empty + cleared + numbers %}
       u.{{ column }},
{% endfor %}
{% for column in cleared_or_null %}
       COALESCE(u.{{ column }}, '') AS {{ column }},
{% endfor %}
       (SELECT GROUP_CONCAT(d.fieldid, ':', HEX(d.data)) FROM {user_info_data} d WHERE d.userid = u.id) AS _profile,
       (SELECT GROUP_CONCAT(COALESCE(ti.ordering, -1), ':', k.tagcollid, ':', HEX(k.name), ':', HEX(k.rawname) ORDER BY ti.ordering, ti.id)
          FROM {tag_instance} ti
          JOIN {tag} k ON k.id = ti.tagid
         WHERE ti.component = 'core' AND ti.itemtype = 'user' AND ti.itemid = u.id AND ti.tiuserid = 0) AS _tags,
       u.username AS _thing,
       {{ unwritable(faults) }} AS _faults
  FROM {user} u
 WHERE {{ is_person("u") }}
   AND (@auth IS NULL OR u.auth = @auth)
{% if option.suspended != "any" %}
   AND u.suspended = {{ 1 if option.suspended == "yes" else 0 }}
{% endif %}
   AND (@field = ''
        OR EXISTS (SELECT 1
                     FROM {user_info_data} d
                     JOIN {user_info_field} f ON f.id = d.fieldid
                    WHERE d.userid = u.id AND {{ named.equal("f", "shortname", "@field") }} AND {{ named.exact("d.data", "@value") }}))
   AND (@cohort = ''
        OR EXISTS (SELECT 1
                     FROM {cohort_members} m
                     JOIN {cohort} h ON h.id = m.cohortid
                    WHERE m.userid = u.id AND {{ named.exact("h.idnumber", "@cohort") }}))
 ORDER BY u.id;
