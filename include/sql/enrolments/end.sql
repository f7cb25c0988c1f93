{% if option.purge_empty_groups %}
{% with value="cid", groupings=false %}{% include "shared/purge_groups.sql" %}{% endwith %}
{% endif %}
