"""Old archives, reports and undo bundles removed from the cabinet.

This DAG takes no file. It removes from the cabinet what `include/toolsync.yaml` no longer wants to keep. By default all is kept, except undo
bundles after a year, and a run only **simulates**: its log and a table say what would go.

| setting | what goes |
|---|---|
| `retention.archive_days` | archived command files |
| `retention.docs_days` | Data Docs |
| `retention.report_days` | reports, with all their tables. A report stays as long as the archived file or the Data Docs of its file do |
| `retention.total_gb` | when these are larger than that together: all three of the oldest files, until it fits. What is younger than a day stays |
| `protection.undo_days` | undo bundles of runs and of courses, with the file contents in the site's data folder that only they refer to |

The age of all that belongs to a file counts from the last change of any of it, or from the moment in its name if that is later.

## What never goes

- What is in `inbox`, `uploads`, `work`, `tryback` and `review`.
- Anything of a file that is still in `work`, or whose tryback waits: its report tells what to correct.
- Files with names that Tool Sync does not give, symbolic links, folders, and what is in folders that are links.

## Simulating first

Param `simulate` is on unless you turn it off: in the form for one run, or for all, scheduled ones too, in `include/toolsync.yaml`:
`defaults: {cabinet_cleanup: {simulate: false}}`. The list of what goes is written before anything does: `cabinet_cleanup/report` has a table of
files, and one of bundles.

## Example

```csv
file,bytes,from,why
cabinet/users/archive/people_20251120-060003-495573-c320.csv,18204,2025-11-20 06:00 UTC,older than archive_days
cabinet/users/docs/people_20251120-060003-495573-c320_validation.html,60113,2025-11-20 06:00 UTC,older than docs_days
```
"""

from airflow.sdk import DAG

from toolsync.cabinet.retention import Limits
from toolsync.operators.cleanup import CleanBundlesOperator, CleanFilesOperator
from toolsync.pipeline import for_each_site, option, tasks_of, toolsync_dag
from toolsync.sites import Site

params = {
    "simulate": option(
        True,
        "Simulate",
        "Only tell what would go, in the log and in a table. Turned off, it is removed for good.",
        section="The cabinet",
    )
}


def cleanup(site: Site) -> DAG:
    Limits.of(site.page)  # what makes no sense is told where DAGs are listed
    dag: DAG = toolsync_dag(
        site, "cabinet_cleanup", doc=__doc__, params=params, title="Cabinet: clean up", tags=["cabinet"]
    )
    with tasks_of(dag):
        CleanFilesOperator(task_id="files", site=site)
        CleanBundlesOperator(task_id="bundles", site=site, pool=site.pool)
    return dag


dags = for_each_site("cabinet_cleanup", cleanup)
