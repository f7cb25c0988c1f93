{# Write the grades in `rows` (id, the primary key) into the grade history, unless the site keeps none, as they are before they are deleted. `source`: what Moodle notes as the reason. #}
{% macro keep_history(rows, source) %}
-- chunks: {{ rows }}.id
INSERT INTO {grade_grades_history} (action, oldid, source, timemodified, loggeduser, itemid, userid, rawgrade, rawgrademax, rawgrademin, rawscaleid,
       usermodified, finalgrade, hidden, locked, locktime, exported, overridden, excluded, feedback, feedbackformat, information, informationformat)
SELECT 3, gg.id, '{{ source }}', @now, @actor, gg.itemid, gg.userid, gg.rawgrade, gg.rawgrademax, gg.rawgrademin, gg.rawscaleid,
       gg.usermodified, gg.finalgrade, gg.hidden, gg.locked, gg.locktime, gg.exported, gg.overridden, gg.excluded, gg.feedback, gg.feedbackformat,
       gg.information, gg.informationformat
  FROM {{ rows }} d
  JOIN {grade_grades} gg ON gg.id = d.id
 WHERE d.id BETWEEN @first AND @last AND NOT {{ setting_is_on("disablegradehistory") }}
 ORDER BY gg.id;
{% endmacro %}
