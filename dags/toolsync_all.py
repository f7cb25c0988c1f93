"""The day's work: the inboxes of all types, one after the other, in one run.

This DAG takes no file itself. It looks into the inbox of each type when its turn comes, and where files wait it starts a run of that type's
own DAG and waits for its end. So everything is as if the type had run by itself: its Params are those of `include/toolsync.yaml`, a plan
waits for its approval, each file has its report. A type whose inbox is empty is skipped. The types that delete, reset, restore or only
check courses are not part of it.

## The order

| type | waits for | is not run when these failed |
|---|---|---|
| `courses` | | |
| `users` | `courses`, whose courses its lines may name | |
| `user_pictures` | `users` | `users` |
| `cohorts` | `users` | `users` |
| `enrolments` | `courses`, `users`, `cohorts` | `courses`, `users` |
| `groups` | `courses`, `enrolments` | `courses` |
| `group_members` | `groups`, `enrolments` | `groups`, `enrolments`, `courses`, `users` |
| `cohort_bindings` | `courses`, `cohorts`, `groups` | `courses`, `cohorts`, `users` |
| `course_meta_links` | `courses`, `enrolments` | `courses` |

A type has failed when its run has: a file was rejected, could not be done to its end, or the site could not take it. Lines that fail are no
failure of the run; they come back in the tryback as ever.

A type whose DAG is paused is not run, since its run would wait for ever. If files wait for it, neither is what needs it; the report says so.
When another run of the type is at work already, the run waits for it; files that came meanwhile are done then. A run that waits for an
approval holds up what comes after it, and nothing else.

## Again

Clearing a task, or a retry, never starts a second run of a type: the task goes on waiting for the one that was started. When a type failed,
clear what failed in its own DAG, then the task here; what needs it is run afterwards. When clearing does not help, as with a rejected file,
mark the task here as a success and clear those after it, if what needs it can do without that file. What is not run stays in the inbox for
the next time.

## Simulating

With Param `simulate` each type is simulated by itself, and rolled back. So no file sees what the files before it would have made: the
enrolment of an account that is only in today's file of accounts fails in the simulation.

## The report

The log of the task `report`, and in `all/report` a text and a JSON file: what became of each type and each of its files, with the paths of
their own reports, and what was not run and why. The run fails when a type failed.

## Example

```text
Tool Sync report: the day's work
toolsync_all, run manual__2026-11-28T05:00:00+00:00, Tool Sync 0.2.0
courses: nothing to do. No file is ready in cabinet/courses/inbox.
users: done.
  people.csv: 10 lines, 5 created, 4 updated, 1 failed. Report: cabinet/users/report/people_20261128-050003-495573-c320_report.txt
```
"""

from airflow.sdk import DAG, Param, TriggerRule

from toolsync.operators.day import BEGIN, STEPS, BeginOperator, RunTypeOperator
from toolsync.operators.day_report import DayReportOperator
from toolsync.pipeline import for_each_site, option, tasks_of, toolsync_dag
from toolsync.sites import Site

WORK = "The work"

params = {
    "simulate": option(
        False,
        "Simulate",
        "Simulate each type by itself, and roll it back. No file sees what the files before it would have made.",
        section=WORK,
    ),
    "types": Param(
        list(STEPS),
        type="array",
        items={"type": "string", "enum": list(STEPS)},
        examples=list(STEPS),
        section=WORK,
        title="Types",
        description="The types to run. The others are left out, as if their inboxes were empty.",
    ),
}


def day(site: Site) -> DAG:
    dag: DAG = toolsync_dag(site, "all", doc=__doc__, params=params, title="The day's work", tags=["day"])
    # A run may wait for an approval for days.
    waiting = {"trigger_rule": TriggerRule.ALL_DONE, "execution_timeout": None}
    with tasks_of(dag):
        begin = BeginOperator(task_id=BEGIN, site=site)
        tasks = {name: RunTypeOperator(task_id=name, site=site, file_type=name, **waiting) for name in STEPS}
        for name, step in STEPS.items():
            [begin, *(tasks[other] for other in (*step.needs, *step.after))] >> tasks[name]
        list(tasks.values()) >> DayReportOperator(task_id="report", site=site, trigger_rule=TriggerRule.ALL_DONE)
    return dag


dags = for_each_site("all", day)
