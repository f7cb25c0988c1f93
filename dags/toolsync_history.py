"""Who ran which file when, and what became of it, in one table.

This DAG takes no file and does not touch the site. It reads the reports of all types in the cabinet into one CSV table, the oldest first, and keeps
it in the cabinet: `history/history_<moment>.csv`. Nothing removes it: what it says lasts when `toolsync_cabinet_cleanup` has removed the reports.
Give the DAG a schedule in `include/toolsync.yaml` that is shorter than `retention.report_days` and `protection.undo_days`.

| columns | what |
|---|---|
| `at`, `by`, `type`, `file`, `claim`, `dag`, `run` | when the file was done, who started the run (empty: a schedule did), and its names |
| `end` | `done`; `failed_over`: done, but more lines failed than Param `fail_over` allows; `rejected`, `unfit`, `refused`: nothing was done; `simulated` |
| `params` | the Params that differed from their defaults, as JSON; pasted rows are left out |
| `bytes`, `lines`, `created` … `incomplete` | the size of the file, and its lines by outcome |
| `rows_written` | rows that the run wrote to the site |
| `rows_taken_away`, `rows_changed`, `rows_made` | the same in the end, as its undo bundle has them; empty without Param `undo` |
| `approved_by`, `approved_at` | who approved the plan |
| `undone_at`, `undone_by`, `undone_by_claim`, `rows_put_back`, `rows_left` | whether the run was undone: when last, who ran `toolsync_undo` or `toolsync_courses_restore`, and what could not be put back; whether that was undone in turn, its own row says |
| `tryback`, `archive`, `report`, `toolsync` | the files in the cabinet, and the version of Tool Sync |
| `problem` | why a report can't be read; the others are there all the same |

## Example

```csv
at,by,type,file,claim,end,params,lines,created,updated,failed,undone_at,undone_by
2026-11-27T06:00:09+00:00,,users,people.csv,20261127-060003-495573-c320,done,{},1204,12,40,2,,
2026-11-28T09:14:51+00:00,ada,enrolments,export.csv,20261128-091448-113302-8d0e,done,"{""moodle_log"": true}",5010,0,0,0,2026-11-28T10:02:17+00:00,grace
```
"""

from airflow.sdk import DAG, Param

from toolsync.operators.history import HistoryOperator
from toolsync.params import WITHOUT_SQL, known_types
from toolsync.pipeline import for_each_site, option, tasks_of, toolsync_dag
from toolsync.sites import Site

SECTION = "Which reports"
TYPES = sorted(known_types() - WITHOUT_SQL - {"make_command_file", "export"} | {"feeds"})  # those that write reports


def day(title: str, description: str) -> Param:
    """A Param that is a day, or empty."""
    return Param("", type=["null", "string"], section=SECTION, title=title, description=description)


params = {
    "since": day(
        "Since", "Files that were taken on this day or later, in UTC, such as `2026-11-01`. Empty: from the first."
    ),
    "until": day("Until", "Files that were taken on this day or earlier, in UTC. Empty: to the last."),
    "types": Param(
        [],
        type="array",
        items={"type": "string", "enum": TYPES},
        examples=TYPES,
        section=SECTION,
        title="Types",
        description="The types whose reports are read. Empty: all.",
    ),
    "simulations": option(False, "With simulations", "Also files that were only simulated.", section=SECTION),
}


def history(site: Site) -> DAG:
    dag: DAG = toolsync_dag(site, "history", doc=__doc__, params=params, title="History", tags=["cabinet"])
    with tasks_of(dag):
        HistoryOperator(task_id="history", site=site)
    return dag


dags = for_each_site("history", history)
