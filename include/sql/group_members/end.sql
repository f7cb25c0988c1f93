{% if option.purge_empty != "none" %}
{% with value="courseid", groupings=option.purge_empty == "all" %}{% include "shared/purge_groups.sql" %}{% endwith %}
{% endif %}
