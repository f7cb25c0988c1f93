{# Why Params scope and scope_category name no courses, if they don't: toolsync_refusal. #}
{% if option.scope == "category" %}
{% include "shared/scope_category.sql" %}

-- @categories_meant: number of categories that Param scope_category means
SET @categories_meant = (SELECT COUNT(*) FROM toolsync_category_found);

INSERT INTO toolsync_refusal (message)
SELECT IF(@categories_meant = 0, 'Param scope_category: no category has this {{ option.category_id_field }}',
          CONCAT('Param scope_category: ', @categories_meant, ' categories have this {{ option.category_id_field }}'))
  FROM DUAL
 WHERE @categories_meant <> 1;
{% endif %}
