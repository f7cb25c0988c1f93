-- The categories that Param categories names, as in make_command_file: toolsync_inside.
{% include "make_command_file/10_categories.sql" %}
