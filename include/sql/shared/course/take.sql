{# Delete the rows in toolsync_of_<table>, leaf to root, with what along.sql found. Aliases elsewhere become files of their own. `parts`: as for collect.sql. #}
-- when: toolsync_alias
INSERT INTO toolsync_before_files
SELECT a.courseid, t.* FROM toolsync_alias a JOIN {files} t ON t.id = a.id;

-- when: toolsync_alias
UPDATE toolsync_alias a
  STRAIGHT_JOIN {files} f ON f.id = a.id
   SET f.referencefileid = NULL;

{% for name in ["tag_correlation", "tag", "user_preferences", "files_reference"] %}

-- when: toolsync_of_{{ name }}
DELETE t FROM toolsync_of_{{ name }} p STRAIGHT_JOIN {{ table(name) }} t ON t.id = p.id;
{% endfor %}
{% for node in (parts if parts is defined else course_graph().deletable).leaf_to_root %}

-- when: {{ node.part }}
DELETE t FROM {{ node.part }} p STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = p.id;
{% endfor %}
