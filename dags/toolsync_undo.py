"""What a file did to the site, undone.

Every run that changes the site keeps the rows that it takes away, changes and makes: its undo bundle, in the folder `undo` of its type. This DAG
puts them back: trigger it with Param `runs`, a list of the runs to undo, each by the name of its report or by its number, as it stands in the
names of all its files: `20261129-084200-123456-1a2b`. Several runs are undone together, the last first.

## What happens

| row | what becomes of it |
|---|---|
| taken away by the run | it comes back with its id, and all that it held |
| changed by the run | each value that is still what the run left gets the value from before |
| made by the run | it is deleted, unless somebody has used or changed it since |

Then Moodle's own consequences are drawn: courses that follow by meta link or cohort, counts, places, caches. First the run makes a plan and
waits until a person approves it (Param `require_approval`). Where categories go that the run made, the plan says who has to purge the site's caches:
until that is done, the course index is an error page for everybody.

Undoing decides row by row. What can't be put back stays as it is, is told with its table, id and reason, and the line comes back in `undo/tryback`:

- a value that somebody changed since (Param `overwrite_changes` puts it back all the same)
- an account, course, cohort, group … that the run made and that is in use: something refers to it that the run did not make.
  An activity in which somebody worked stays as a whole, with its place in the course, its grade items and questions; so does a new course
- a grade that a reset had sent anew, if somebody changed it since; a grade item that it had made anew, if somebody was graded there since
- an enrolment that the run made, if the person has been in the course since, or has grades there;
  with roles, groups, conversations, forum subscriptions, and what follows by meta link
- a row whose course, account or category is gone, or in whose place there is another one by now, as a new submission, with what hangs on it

A run that was cut off is undone as far as it was done. An undo is a run like others: it has a report and a bundle, and can be undone.

## The lines

A line is a part of an undo bundle: the run writes them from Param `runs`. A tryback can be dropped into `undo/inbox` as it is.

## Example

```csv
type,run,part,file,lines
users,20261129-084200-123456-1a2b,1,users.csv,5002-9120
users,20261129-084200-123456-1a2b,0,users.csv,2-5001
```
"""

from airflow.sdk import DAG, Param

from toolsync.operators.undo import UNDO
from toolsync.pipeline import FILE, command_file_dags, option

dags: list[DAG] = command_file_dags(
    "undo",
    title="Undo",
    doc=__doc__,
    changes="moodle_site",
    tags=["undo"],
    steps=UNDO,
    destructive=True,
    params={
        "runs": Param(
            [],
            type="array",
            items={"type": "string"},
            section=FILE,
            title="Runs to undo",
            description="The numbers of runs, or the names of their reports, one a line. Empty: the files of the inbox.",
        ),
        "overwrite_changes": option(
            False,
            "Overwrite later changes",
            "Also put back what somebody has changed since. Otherwise that stays, and is told.",
        ),
    },
)
