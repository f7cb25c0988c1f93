"""Cohorts from a file: create, update, fill, empty, delete.

Drop a CSV file into the cabinet's `cohorts/inbox`, or paste its rows when you trigger this DAG. Each line is about one cohort, or one
person in it. Lines that fail come back in `cohorts/tryback`, the file moves to `cohorts/archive`, and `cohorts/report` says what became of
every line.

## What a line does

| `cmd` | effect |
|---|---|
| `add` (default) | creates the cohort if it is missing (Param `auto_create`), updates the columns of the file if it exists, and adds the person in `userid` |
| `del`, with `userid` | removes that person; the cohort stays. Someone who is not a member: `unchanged`; an unknown person: the line fails |
| `del`, without `userid` (no such column, or an empty cell) | deletes the cohort |
| `free` | removes all members; the cohort stays |

The column `cid` names the cohort. If it is absent or empty, the column that belongs to Param `cohort_id_field` does (`cidnumber`, `cname`);
if that is empty, too, the line fails. The cohort that is written exactly so is meant. If none is, `add` with Param `auto_create` creates it,
even if another one is written like it (`k😀` and `k😎`, `FS26A` and `fs26a`), as Moodle allows; every other line takes the cohort that
differs in letter case alone, and fails if there is none. An idnumber in `cidnumber` that another cohort has, or one that the site takes for the
same, fails the line.

A new cohort belongs to the whole site, or to the category that the line names; if that category does not exist, the line fails. A new cohort is
named by `cname`, or else after its key.

## Files for Moodle's own upload of cohorts

They work as they are, with Param `auto_create`: `name`, `idnumber`, `description`, `visible`, `contextid`, `category`, `category_id`,
`category_idnumber` and `category_path` mean what they mean there. Two things differ: a category that doesn't exist fails the line instead of making a
cohort of the whole site, and a cohort that is there is updated instead of failing. `theme` is ignored, and the report says so; `context` and
`descriptionformat` are not known.

Courses that take their people from the cohort follow at once: new members are enrolled there; people who leave the cohort leave the course
as the site's settings for cohort sync say. If a cohort is deleted, so are these enrolments. Badges for the members of a cohort are awarded by
Moodle's cron.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## A file that states the whole truth

With Param `mode` = `full`, the file states the whole truth about the members of the cohorts that it names: whoever is not in it leaves them, or what
Param `missing` says. Cohorts that a plugin manages and administrators are left alone. The run first
plans what would go; above the limits (`change_threshold`, `change_limit`), or if the file looks damaged, it waits until a person approves it. See
docs/whole-truth.md.

## Example

```csv
cmd,cidnumber,cname,cdescription,userid
add,CLASS27,Class of 2027,Everybody who starts now,ada
add,CLASS27,Class of 2027,Everybody who starts now,grace
del,CLASS26,,,alan
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params, whole_truth_params
from toolsync.operators.whole_truth import WHOLE_TRUTH
from toolsync.pipeline import choice, command_file_dags, option, people_found_by

FOUND, COHORTS = "Identifiers", "Cohorts"

dags: list[DAG] = command_file_dags(
    "cohorts",
    title="Cohorts",
    doc=__doc__,
    changes="moodle_cohorts",
    tags=["cohorts"],
    steps=WHOLE_TRUTH,
    destructive=True,
    params={
        "cohort_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Find cohorts by",
            "What column `cid` contains, or which column names the cohort instead: `cidnumber`, `cname`.",
            section=FOUND,
        ),
        "user_id_field": people_found_by(
            "What column `userid` contains.",
            section=FOUND,
        ),
        "auto_create": option(
            False,
            "Create missing cohorts",
            "A line that adds to a cohort that doesn't exist creates it. Otherwise it fails.",
            section=COHORTS,
        ),
        "purge_empty": option(
            False,
            "Delete empty cohorts",
            "Afterwards, delete the cohorts of the file that have no members.",
            section=COHORTS,
        ),
        **data_set_params(),
        **whole_truth_params("cohorts"),
    },
)
