{% include "shared/people_tables.sql" %}

UPDATE toolsync_row r
   SET r.command = LEFT(LOWER(COALESCE(NULLIF(r.cmd, ''), 'add')), 20),
       r.kind = LEFT(LOWER(COALESCE(NULLIF(r.type, ''), 'group')), 20)
 WHERE r.status IS NULL;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'cmd', r.message = 'expected add or del'
 WHERE r.status IS NULL AND r.command NOT IN ('add', 'del');

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'type', r.message = 'expected group or grouping'
 WHERE r.status IS NULL AND r.kind NOT IN ('group', 'grouping');

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'courseid', r.message = 'expected the {{ option.course_id_field }} of a course'
 WHERE r.status IS NULL AND COALESCE(r.courseid, '') = '';

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'name', r.message = 'expected a name'
 WHERE r.status IS NULL AND COALESCE(r.name, '') = '' AND COALESCE(r.updateid, '') = '';

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'visibility', r.message = 'expected 0, 1, 2 or 3'
 WHERE r.status IS NULL AND r.visibility NOT BETWEEN 0 AND 3;

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = IF(r.selfgrouping = 1, 'selfgrouping', 'grouping'), r.message = 'a grouping cannot be put into a grouping'
 WHERE r.status IS NULL AND r.kind = 'grouping' AND r.command = 'add' AND (r.selfgrouping = 1 OR r.grouping <> '');

{% with rows="toolsync_row", value="courseid", by=option.course_id_field, into="course" %}{% include "shared/find_course.sql" %}{% endwith %}

-- Find the existing group or grouping: by `updateid`, else by idnumber, else by name.
UPDATE toolsync_row r
   SET r.groupkey = IF(r.kind = 'group', r.updateid, NULL), r.groupingkey = IF(r.kind = 'grouping', r.updateid, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", into="target", field="updateid" %}
{% with value="groupkey", by=option.group_id_field %}{% include "shared/find_group.sql" %}{% endwith %}
{% with value="groupingkey", by=option.grouping_id_field %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}

{% for by in ["idnumber", "name"] %}
UPDATE toolsync_row r
   SET r.groupkey = IF(r.kind = 'group' AND COALESCE(r.updateid, '') = '' AND r.target IS NULL, r.{{ by }}, NULL),
       r.groupingkey = IF(r.kind = 'grouping' AND COALESCE(r.updateid, '') = '' AND r.target IS NULL, r.{{ by }}, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", into="target", field=by, by=by, optional=true %}
{% with value="groupkey" %}{% include "shared/find_group.sql" %}{% endwith %}
{% with value="groupingkey" %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}
{% endfor %}

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'name', r.message = CONCAT('this course has no such ', r.kind)
 WHERE r.status IS NULL AND r.command = 'del' AND r.target IS NULL;

-- Find the grouping into which the group is put: by idnumber, else by name.
UPDATE toolsync_row r
   SET r.bindkey = r.grouping
 WHERE r.status IS NULL AND r.command = 'add' AND r.grouping <> '';

{% with rows="toolsync_row", course="course", value="bindkey", into="bindto", field="grouping", optional=true %}
{% with by="idnumber" %}{% include "shared/find_grouping.sql" %}{% endwith %}

UPDATE toolsync_row r
   SET r.bindkey = NULL
 WHERE r.bindto IS NOT NULL;

{% with by="name" %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}

UPDATE toolsync_row r
   SET r.status = 'failed', r.field = 'grouping', r.message = 'no grouping of this course has this idnumber or name'
 WHERE r.status IS NULL AND r.bindkey <> '' AND r.bindto IS NULL;
