DELETE t FROM {competency_templatecohort} t JOIN toolsync_cohort_gone d ON d.cohortid = t.cohortid;

DELETE v FROM toolsync_cohort_gone d
  JOIN {customfield_category} k ON k.component = 'core_cohort' AND k.area = 'cohort'
  JOIN {customfield_field} f ON f.categoryid = k.id
  JOIN {customfield_data} v ON v.fieldid = f.id AND v.instanceid = d.cohortid;

DELETE c FROM {cohort} c JOIN toolsync_cohort_gone d ON d.cohortid = c.id;
