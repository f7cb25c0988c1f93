"""Whether everything is as runs need it. Changes nothing.

Trigger it whenever you like: after installing, after a change of the site, the server or this Airflow, or when something does not work. Its log is a
report: one line for each thing that was looked at, **ok**, **look at this** or **wrong**, and what to do. The run fails when something is wrong that
keeps files from being done; it is green when there are only things to look at. The note on the run has the first of them.

| area | what is looked at |
|---|---|
| Settings | every setting, each mistake with file and line |
| Database | the connection, the server, how it is set up, its clock, what the account may do that it need not |
| Moodle | prefix, version, upgrades, tables, the course graph; the account's rights, which are tried and taken back; the data folder; PHP |
| Cabinet | whether it can be written, outlives the worker, has locks and room, and is closed to others |
| Airflow | versions, pool, triggerer, DAG files, mail server, packages, memory |

What a run writes to see whether it may is taken back or removed at once: a row in a transaction that is rolled back, a temporary table, a hidden file
in each folder of the cabinet. No mail is sent. Each thing is seen from the worker that runs the task; where there are several, run it more than once.

Give it a schedule in `include/toolsync.yaml`, and those whom `notifications` names are told when something breaks.

By hand: `make check`, or `make check FORMAT=json`.

## Example

The XCom of the task is the report for programs: `{"findings": [{"area": "Airflow", "state": "ok", "sentence": "…", "do": ""}, …]}`.

```csv
area,state,sentence,do
Database,ok,The connection is encrypted (TLS_AES_256_GCM_SHA384).,
Cabinet,look at this,The file system of the cabinet has no locks.,Run files by hand from one machine only.
```
"""

from airflow.sdk import DAG

from toolsync.checking.operator import CheckOperator
from toolsync.pipeline import for_each_site, tasks_of, toolsync_dag
from toolsync.sites import Site


def empty(site: Site) -> DAG:
    return toolsync_dag(site, "check", doc=__doc__, params={}, title="Check", tags=["check"])


def check(site: Site) -> DAG:
    try:
        dag: DAG = empty(site)
    except ValueError:  # a setting makes no sense: this DAG is there to tell of all that don't
        from toolsync.checking.settings_page import mistakes

        dag = empty(mistakes(site)[1])
    with tasks_of(dag):
        CheckOperator(task_id="check", site=site, retries=0)
    return dag


dags = for_each_site("check", check)
