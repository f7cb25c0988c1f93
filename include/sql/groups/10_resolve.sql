{% include "shared/people_tables.sql" %}

-- @newest_grouping: the highest id of a grouping before any is created; 0: the site has none
SET @newest_grouping = (SELECT COALESCE(MAX(id), 0) FROM {groupings});

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
   SET r.status = 'failed', r.field = CASE WHEN r.selfgrouping = 1 THEN 'selfgrouping' WHEN r.grouping <> '' THEN 'grouping' ELSE 'groupingname' END,
       r.message = 'a grouping cannot be put into a grouping'
 WHERE r.status IS NULL AND r.kind = 'grouping' AND r.command = 'add' AND (r.selfgrouping = 1 OR r.grouping <> '' OR r.groupingname <> '');

{% with rows="toolsync_row", value="courseid", by=option.course_id_field, into="course" %}{% include "shared/find_course.sql" %}{% endwith %}

{% with rows="toolsync_row", course="course" %}{% include "shared/groups_there.sql" %}{% endwith %}

-- What `updateid` names must be there. So must what is deleted: named by `updateid`, else by idnumber, else by name.
UPDATE toolsync_row r
   SET r.groupkey = IF(r.kind = 'group', r.updateid, NULL), r.groupingkey = IF(r.kind = 'grouping', r.updateid, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", there=true, into="target", field="updateid" %}
{% with value="groupkey", by=option.group_id_field %}{% include "shared/find_group.sql" %}{% endwith %}
{% with value="groupingkey", by=option.grouping_id_field %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}

{% for by, unless in [("idnumber", "FALSE"), ("name", "r.idnumber <> ''")] %}
UPDATE toolsync_row r
   SET r.groupkey = IF(r.kind = 'group' AND r.command = 'del' AND COALESCE(r.updateid, '') = '' AND NOT COALESCE({{ unless }}, FALSE), r.{{ by }}, NULL),
       r.groupingkey = IF(r.kind = 'grouping' AND r.command = 'del' AND COALESCE(r.updateid, '') = '' AND NOT COALESCE({{ unless }}, FALSE), r.{{ by }}, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", there=true, into="target", field=by, by=by %}
{% with value="groupkey" %}{% include "shared/find_group.sql" %}{% endwith %}
{% with value="groupingkey" %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}
{% endfor %}

-- A new group or grouping is there already if one is called exactly so.
UPDATE toolsync_row r
   SET r.groupkey = IF(r.kind = 'group' AND r.command = 'add' AND COALESCE(r.updateid, '') = '', r.name, NULL),
       r.groupingkey = IF(r.kind = 'grouping' AND r.command = 'add' AND COALESCE(r.updateid, '') = '', r.name, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", there=true, into="target", field="name", by="name", exactly=true, optional=true %}
{% with value="groupkey" %}{% include "shared/find_group.sql" %}{% endwith %}
{% with value="groupingkey" %}{% include "shared/find_grouping.sql" %}{% endwith %}
{% endwith %}

{% if given("grouping") %}
-- The grouping into which the group is put must be there: by idnumber, else by name. One that is written exactly so comes first.
UPDATE toolsync_row r
   SET r.bindkey = r.grouping
 WHERE r.status IS NULL AND r.command = 'add' AND r.grouping <> '';

{% for exactly in [true, false] %}
{% for by in ["idnumber", "name"] %}
{% with rows="toolsync_row", course="course", there=true, value="bindkey", into="bindto", field="grouping", by=by, exactly=exactly, optional=true %}{% include "shared/find_grouping.sql" %}{% endwith %}

UPDATE toolsync_row r
   SET r.bindkey = NULL
 WHERE r.bindto IS NOT NULL;

{% endfor %}
{% endfor %}
{% import "shared/identify.sql" as named with context %}
CREATE TEMPORARY TABLE toolsync_grouping_alike (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);

{% for by in ["idnumber", "name"] %}
INSERT IGNORE INTO toolsync_grouping_alike (line, name)
SELECT r.line, g.{{ by }}
  FROM toolsync_row r
  JOIN {groupings} g ON {{ named.alike("g", by, "r.bindkey") }} AND g.courseid = r.course
 WHERE r.status IS NULL AND r.bindkey <> '' AND r.bindto IS NULL
 ORDER BY g.id;

{% endfor %}
UPDATE toolsync_row r
  LEFT JOIN toolsync_grouping_alike a ON a.line = r.line
   SET r.status = 'failed', r.field = 'grouping',
       r.message = CONCAT('no grouping of this course has this idnumber or name', COALESCE(CONCAT(', only ', a.name, ', which looks like it'), ''),
                          ' (column groupingname makes one)')
 WHERE r.status IS NULL AND r.bindkey <> '' AND r.bindto IS NULL;

{% endif %}
{% if given("groupingname") %}
-- That of column groupingname, as in Moodle's own import, may be new.
UPDATE toolsync_row r
   SET r.bindkey = IF(r.command = 'add', r.groupingname, NULL)
 WHERE r.status IS NULL;

{% with rows="toolsync_row", course="course", there=true, value="bindkey", into="madeto", field="groupingname", by="name", exactly=true, optional=true %}
{% include "shared/find_grouping.sql" %}
{% endwith %}

{% endif %}
{% if given("selfgrouping") %}
-- So may the one with the group's name. That is the name that the line gives it, if it gives one.
CREATE TEMPORARY TABLE toolsync_selfname (line INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);

INSERT INTO toolsync_selfname (line, name)
SELECT r.line, COALESCE(NULLIF(r.name, ''), g.name)
  FROM toolsync_row r
  LEFT JOIN {groups} g ON g.id = r.target
 WHERE r.status IS NULL AND r.command = 'add' AND r.selfgrouping = 1;

UPDATE toolsync_selfname n
  JOIN toolsync_row r ON r.line = n.line
   SET r.selfname = n.name;

{% with rows="toolsync_row", course="course", there=true, value="selfname", into="selfto", field="selfgrouping", by="name", exactly=true, optional=true %}
{% include "shared/find_grouping.sql" %}
{% endwith %}
{% endif %}
