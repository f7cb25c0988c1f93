-- Options of the course format: the line's values, else the stored ones (also those of the former format), else the site's defaults.

CREATE TEMPORARY TABLE toolsync_option (
    line INT UNSIGNED NOT NULL, name VARCHAR(100) NOT NULL, given LONGTEXT NULL, value LONGTEXT NULL, optionid BIGINT NULL, former LONGTEXT NULL, PRIMARY KEY (line, name)
);

{% for name, formats, default in [
    ("hiddensections", ["topics", "weeks"], "@new_hiddensections"),
    ("coursedisplay", ["topics", "weeks"], "@new_coursedisplay"),
    ("automaticenddate", ["weeks"], "1"),
    ("activitytype", ["singleactivity"], "@new_activitytype"),
    ("numdiscussions", ["social"], "10"),
] %}
{% set given_value = "NULLIF(r.activitytype, '')" if name == "activitytype" else "r." ~ name %}
{% set of_sections = formats == ["topics", "weeks"] %}
INSERT INTO toolsync_option (line, name, given, value, optionid, former)
SELECT t.line, '{{ name }}', {{ given_value }}, COALESCE({{ given_value }}, o.value, {{ "f.value, " if of_sections }}{{ default }}), o.id, o.value
  FROM toolsync_course t
  JOIN toolsync_row r ON r.line = t.line
  LEFT JOIN {course_format_options} o ON o.courseid = t.id AND o.format = t.format AND o.sectionid = 0 AND o.name = '{{ name }}'
{% if of_sections %}
  LEFT JOIN {course_format_options} f ON f.courseid = t.id AND f.format = t.formerformat AND f.sectionid = 0 AND f.name = '{{ name }}'
{% endif %}
 WHERE t.format IN ('{{ formats | join("', '") }}')
{%- if of_sections %} OR t.format NOT IN ('singleactivity', 'social') AND r.{{ name }} IS NOT NULL{% endif %};

{% endfor %}
UPDATE toolsync_course t
  JOIN toolsync_option x ON x.line = t.line
   SET t.changed = 1
 WHERE NOT t.isnew AND x.given IS NOT NULL AND NOT x.former <=> x.value COLLATE utf8mb4_bin;
