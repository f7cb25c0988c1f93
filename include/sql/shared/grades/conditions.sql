{#
  conditions(person, passes, known)   whether somebody meets the conditions of completion that an activity of its own kind has: its grade item is `gi`, its course
                                      module `cm`. person: the SQL of the id; passes: a condition: the grade passes; known: one: what Tool Sync can't tell was met.
                                      These can't use the aliases a, d, g, gg, k and m
#}
{% from "shared/grades/state.sql" import to_pass with context %}
{# The group for which somebody hands in the work of a team: the one of the course's, or of the grouping's, in which the person is; 0: none, or several. #}
{% macro team(person) -%}
(SELECT IF(COUNT(*) = 1, MAX(m.groupid), 0)
   FROM {groups_members} m {{ by_index("groups_members", "userid") }}
   STRAIGHT_JOIN {groups} g ON g.id = m.groupid AND g.courseid = a.course{{ " AND g.participation = 1" if site_has("groups", "participation") }}
  WHERE m.userid = {{ person }} AND (a.teamsubmissiongroupingid = 0
                             OR EXISTS (SELECT 1 FROM {groupings_groups} gg WHERE gg.groupingid = a.teamsubmissiongroupingid AND gg.groupid = g.id)))
{%- endmacro %}
{% macro conditions(person, passes, known) -%}
CASE gi.itemmodule
{% if site_has("assign") %}
               WHEN 'assign' THEN COALESCE((SELECT a.completionsubmit = 0 OR EXISTS (SELECT 1
                                                                              FROM {assign_submission} k {{ by_index("assign_submission", "assignment", "userid") }}
                                                                             WHERE k.assignment = a.id AND k.latest = 1 AND k.status = 'submitted'
                                                                               AND IF(a.teamsubmission = 0, k.userid = {{ person }}, k.userid = 0 AND k.groupid = {{ team(person) }}))
                                     FROM {assign} a
                                    WHERE a.id = gi.iteminstance), 0)
{% endif %}
{% if site_has("quiz") %}
               WHEN 'quiz' THEN COALESCE((SELECT (COALESCE(a.completionattemptsexhausted, 0) = 0 OR NOT {{ to_pass }} OR {{ passes }} OR {{ known }})
                                        AND a.completionminattempts <= (SELECT COUNT(*)
                                                                          FROM {quiz_attempts} k {{ by_index("quiz_attempts", "quiz", "userid") }}
                                                                         WHERE k.quiz = a.id AND k.userid = {{ person }} AND k.state IN ('finished', 'abandoned', 'submitted'))
                                   FROM {quiz} a
                                  WHERE a.id = gi.iteminstance), 0)
{% endif %}
{% if site_has("lesson") %}
               WHEN 'lesson' THEN COALESCE((SELECT (COALESCE(a.completionendreached, 0) = 0 OR MAX(k.completed = 1)) AND COALESCE(a.completiontimespent, 0) <= COALESCE(SUM(k.lessontime - k.starttime), 0)
                                     FROM {lesson} a
                                     LEFT JOIN {lesson_timer} k {{ by_index("lesson_timer", "userid") }} ON k.userid = {{ person }} AND k.lessonid = a.id
                                    WHERE a.id = gi.iteminstance
                                    GROUP BY a.id), 0)
{% endif %}
{% if site_has("forum") %}
               WHEN 'forum' THEN COALESCE((SELECT a.completiondiscussions <= COALESCE(SUM(k.parent = 0), 0) AND a.completionreplies <= COALESCE(SUM(k.parent <> 0), 0)
                                         AND a.completionposts <= COUNT(k.id)
                                    FROM {forum} a
                                    LEFT JOIN ({forum_posts} k {{ by_index("forum_posts", "userid") }}
                                               JOIN {forum_discussions} d ON d.id = k.discussion) ON k.userid = {{ person }} AND d.forum = a.id
                                   WHERE a.id = gi.iteminstance
                                   GROUP BY a.id), 0)
{% endif %}
{% if site_has("glossary") %}
               WHEN 'glossary' THEN COALESCE((SELECT COALESCE(a.completionentries, 0) <= (SELECT COUNT(*)
                                                                                  FROM {glossary_entries} k {{ by_index("glossary_entries", "userid") }}
                                                                                 WHERE k.userid = {{ person }} AND k.glossaryid = a.id AND k.approved = 1)
                                       FROM {glossary} a
                                      WHERE a.id = gi.iteminstance), 0)
{% endif %}
{% if site_has("data") %}
               WHEN 'data' THEN COALESCE((SELECT COALESCE(a.completionentries, 0) <= (SELECT COUNT(*)
                                                                              FROM {data_records} k {{ by_index("data_records", "userid") }}
                                                                             WHERE k.userid = {{ person }} AND k.dataid = a.id)
                                   FROM {data} a
                                  WHERE a.id = gi.iteminstance), 0)
{% endif %}
{% if site_has("scorm") %}
               WHEN 'scorm' THEN COALESCE((SELECT COALESCE(a.completionstatusrequired, 0) = 0 AND COALESCE(a.completionscorerequired, 0) = 0 AND COALESCE(a.completionstatusallscos, 0) = 0
                                    FROM {scorm} a
                                   WHERE a.id = gi.iteminstance), 0) OR {{ known }}
{% endif %}
               WHEN 'h5pactivity' THEN 1 WHEN 'lti' THEN 1 WHEN 'workshop' THEN 1
               ELSE {{ known }} END
{%- endmacro %}
