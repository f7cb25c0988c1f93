-- The categories of Param categories (toolsync_asked); with Param subcategories also those below.
{% with by=option.category_id_field, below=option.subcategories %}{% include "shared/named_categories.sql" %}{% endwith %}
