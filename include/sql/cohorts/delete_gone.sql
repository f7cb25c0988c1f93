DROP TEMPORARY TABLE IF EXISTS toolsync_template_cohort_gone;
DROP TEMPORARY TABLE IF EXISTS toolsync_cohort_field_gone;
CREATE TEMPORARY TABLE toolsync_template_cohort_gone (id BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_cohort_field_gone (id BIGINT NOT NULL PRIMARY KEY);

INSERT INTO toolsync_template_cohort_gone (id)
SELECT t.id
  FROM toolsync_cohort_gone d
  JOIN {competency_templatecohort} t ON t.cohortid = d.cohortid;

INSERT INTO toolsync_cohort_field_gone (id)
SELECT v.id
  FROM toolsync_cohort_gone d
  JOIN {customfield_category} k ON k.component = 'core_cohort' AND k.area = 'cohort'
  JOIN {customfield_field} f ON f.categoryid = k.id
  JOIN {customfield_data} v ON v.fieldid = f.id AND v.instanceid = d.cohortid;

DELETE t FROM toolsync_template_cohort_gone d STRAIGHT_JOIN {competency_templatecohort} t ON t.id = d.id;
DELETE v FROM toolsync_cohort_field_gone d STRAIGHT_JOIN {customfield_data} v ON v.id = d.id;
DELETE c FROM toolsync_cohort_gone d STRAIGHT_JOIN {cohort} c ON c.id = d.cohortid;
