{% include "shared/people/instances.sql" %}
{% include "shared/people/cohort_members.sql" %}
{% include "shared/people/wanted.sql" %}
{% include "shared/people/unenrol.sql" %}
{% include "shared/people/enrol.sql" %}
{% include "shared/people/roles.sql" %}
{% include "shared/people/statuses.sql" %}
{% include "shared/people/delete_instances.sql" %}

-- Courses with a meta link to these follow, by the same steps.
{% include "shared/people/follow_meta.sql" %}
{% include "shared/people/unenrol.sql" %}
{% include "shared/people/enrol.sql" %}
{% include "shared/people/roles.sql" %}

{% if site_sets("recovergradesdefault") %}
{% include "shared/people/recover_grades.sql" %}
{% endif %}
{% include "shared/people/group_members.sql" %}
{% include "shared/people/forums.sql" %}
