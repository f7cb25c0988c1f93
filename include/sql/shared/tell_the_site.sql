-- Flags that open sessions check on their next page: whose rights, and the roles of which contexts, they have to load again.
{% from "shared/flag.sql" import expiry, flag with context %}
{{ expiry() }}
{{ flag("dirtyusers", "toolsync_dirty_user", "CAST(d.userid AS CHAR)") }}
{{ flag("dirtycontexts", "toolsync_dirty_context", "d.path") }}
