-- Why the Params of the scope can't be used on this site.
{% include "shared/refuse_category.sql" %}
