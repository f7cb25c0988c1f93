{# Who can be in the scope of a whole export: `person`, a condition on an account u. Include scope_people_set.sql before. #}
{% import "shared/identify.sql" as named with context %}
{% set person = named.is_user("u") ~ " AND NOT u.id <=> @guest AND NOT FIND_IN_SET(u.id, @admins)" %}
