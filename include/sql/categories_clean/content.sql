-- What the categories in toolsync_candidate contain, besides subcategories: one row of toolsync_content for each kind of thing, like `2 cohorts`.
-- Roles, blocks, descriptions, files and calendar events do not count: they go with a category, as in Moodle.

CREATE TEMPORARY TABLE toolsync_content (
    categoryid BIGINT NOT NULL, place INT NOT NULL, what VARCHAR(100) NOT NULL, PRIMARY KEY (categoryid, place)
);

{% for one, several, name, how in [
    ("course", "courses", "course", "x.category = k.categoryid"),
    ("course request", "course requests", "course_request", "x.category = k.categoryid"),
    ("course in its recycle bin", "courses in its recycle bin", "tool_recyclebin_category", "x.categoryid = k.categoryid"),
    ("cohort", "cohorts", "cohort", "x.contextid = k.contextid"),
    ("question", "questions", "question_categories", "x.contextid = k.contextid"),
    ("item in its content bank", "items in its content bank", "contentbank_content", "x.contextid = k.contextid"),
    ("competency framework", "competency frameworks", "competency_framework", "x.contextid = k.contextid"),
    ("learning plan template", "learning plan templates", "competency_template", "x.contextid = k.contextid"),
    ("payment account", "payment accounts", "payment_accounts", "x.contextid = k.contextid"),
   ] if site_has(name) %}
INSERT INTO toolsync_content (categoryid, place, what)
SELECT k.categoryid, {{ loop.index }}, CONCAT(COUNT(*), IF(COUNT(*) = 1, ' {{ one }}', ' {{ several }}'))
  FROM toolsync_candidate k
  JOIN {{ table(name) }} x ON {{ how }}
{% if name == "question_categories" %}
  JOIN {question_bank_entries} q ON q.questioncategoryid = x.id
{% endif %}
 GROUP BY k.categoryid;

{% endfor %}
