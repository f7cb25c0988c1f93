-- Set what the options set, then delete the rows that go, leaf to root.
{% from "courses_reset/terms.sql" import graph, resets, possible, gone with context %}
{% for node, of in resets.facts("reset_sets") %}
{% for part, change in of.items() if part in possible %}

CREATE TEMPORARY TABLE toolsync_set_{{ part }} (id BIGINT NOT NULL PRIMARY KEY);

-- when: {{ node.part }}
INSERT INTO toolsync_set_{{ part }} (id)
SELECT t.id
  FROM toolsync_asked a
  JOIN {{ node.part }} p ON p.courseid = a.courseid
  JOIN {{ table(node.name) }} t ON t.id = p.id
 WHERE a.name = '{{ part }}' AND NOT (t.{{ change.set }}){{ " AND " ~ change.when if change.when is defined }};

-- when: toolsync_set_{{ part }}
UPDATE toolsync_set_{{ part }} w
  STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = w.id
   SET t.{{ change.set }};
{% endfor %}
{% endfor %}
{% if "feedback" in possible %}

-- Completion that depended on an answer becomes incomplete.
CREATE TEMPORARY TABLE toolsync_unanswered (id BIGINT NOT NULL PRIMARY KEY);

-- when: toolsync_gone_feedback_completed
INSERT IGNORE INTO toolsync_unanswered (id)
SELECT done.id
  FROM toolsync_gone_feedback_completed g
  JOIN {feedback_completed} f ON f.id = g.id
  JOIN {feedback} a ON a.id = f.feedback AND a.completionsubmit <> 0
  JOIN {course} co ON co.id = g.courseid AND co.enablecompletion = 1
  JOIN {modules} mo ON mo.name = 'feedback' AND mo.visible = 1
  JOIN {course_modules} cm ON cm.course = g.courseid AND cm.module = mo.id AND cm.instance = a.id AND cm.completion = 2
  JOIN {course_modules_completion} done ON done.coursemoduleid = cm.id AND done.userid = f.userid
 WHERE done.completionstate <> 0 AND NOT (done.completionstate = 1 AND done.overrideby IS NOT NULL)
   AND {{ setting("enablecompletion") }} = '1';

-- when: toolsync_unanswered
UPDATE toolsync_unanswered w
  STRAIGHT_JOIN {course_modules_completion} done ON done.id = w.id
   SET done.completionstate = 0, done.timemodified = @now, done.overrideby = NULL;

-- when: toolsync_gone_feedback_completed
INSERT IGNORE INTO toolsync_stale (topic) VALUES ('completion');
{% endif %}
{% for node in graph.leaf_to_root if node.name in gone %}

-- when: toolsync_gone_{{ node.name }}
DELETE t FROM toolsync_gone_{{ node.name }} g STRAIGHT_JOIN {{ table(node.name) }} t ON t.id = g.id;
{% endfor %}
{% for topic, options in [
    ("completion", ["completion"]),
    ("glossary", ["glossary_all", "glossary_notenrolled"]),
    ("groups", ["groupings_members"]),
    ("overrides", ["assign_user_overrides", "assign_group_overrides", "quiz_user_overrides", "quiz_group_overrides", "lesson_user_overrides",
                   "lesson_group_overrides", "startdate"]),
  ] if options | select("in", possible) | list %}

INSERT IGNORE INTO toolsync_stale (topic)
SELECT '{{ topic }}' FROM toolsync_asked a WHERE a.name IN ('{{ options | join("', '") }}') LIMIT 1;
{% endfor %}
