-- The category of Param scope_category, with those below: toolsync_inside.
{% from "shared/literal.sql" import literal %}
CREATE TEMPORARY TABLE toolsync_asked (n INT NOT NULL PRIMARY KEY, value VARCHAR(4000) NOT NULL);

INSERT INTO toolsync_asked (n, value) SELECT 0, LEFT({{ literal(option.scope_category) }}, 4000);

{% with by=option.category_id_field, below=true %}{% include "shared/named_categories.sql" %}{% endwith %}
