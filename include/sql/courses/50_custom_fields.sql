-- Store the values of custom fields.
{% if given_any("customfield_*") %}
{% set more = {"valuetrust": "x.type = 'textarea' AND @trust_texts", "component": "f.component", "area": "f.area", "itemid": "f.itemid"} %}
{% set there = [] %}
{% for column in more if site_has("customfield_data", column) %}{% set _ = there.append(column) %}{% endfor %}

UPDATE toolsync_custom x
  STRAIGHT_JOIN {customfield_data} d ON d.id = x.dataid
   SET d.intvalue = x.intvalue, d.decvalue = x.decvalue, d.charvalue = x.charvalue, d.value = x.value, d.timemodified = @now
 WHERE IF(x.type = 'number', NOT x.formerdec <=> x.decvalue, x.formervalue <> x.value COLLATE utf8mb4_bin);

-- chunks: toolsync_custom.line
INSERT INTO {customfield_data} (fieldid, instanceid, intvalue, decvalue, charvalue, value, valueformat, timecreated, timemodified, contextid
       {%- for column in there %}, {{ column }}{% endfor %})
SELECT x.fieldid, t.id, x.intvalue, x.decvalue, x.charvalue, x.value, x.type = 'textarea', @now, @now, t.contextid
       {%- for column in there %}, {{ more[column] }}{% endfor %}

  FROM toolsync_custom x
  JOIN toolsync_course t ON t.line = x.line
  JOIN toolsync_field f ON f.id = x.fieldid
 WHERE x.dataid IS NULL AND x.line BETWEEN @first AND @last
 ORDER BY x.line, x.fieldid;
{% endif %}
