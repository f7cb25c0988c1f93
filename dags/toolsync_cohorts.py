"""Cohorts from a file: create, change, fill, empty, delete.

Drop a CSV file into the cabinet's `cohorts/inbox`, or paste its rows when you trigger this DAG. Each line is about one cohort, or one person in it. Lines that can't be
done come back in `cohorts/tryback`, the file goes to `cohorts/archive`, and `cohorts/report` says what became of every line.

## What a line does

| `cmd` | does |
|---|---|
| `add` (default) | creates the cohort when it is missing (Param `auto_create`), changes the columns of the file when it is there, and adds the person of `userid` |
| `del`, with `userid` | takes that person out; the cohort stays. Not a member: `unchanged`; an unknown person: the line fails |
| `del`, without `userid` (no such column, or an empty cell) | deletes the cohort |
| `free` | takes everybody out; the cohort stays |

The cohort is named in the column `cid`; where that is absent or empty, in the column of what Param `cohort_id_field` says (`cidnumber`, `cname`). A new cohort belongs to the whole site, or to the
category of `ccatcontext` or `ccatcontextidnumber`; a category that doesn't exist fails the line. It needs a name: `cname`, or where that is missing, its key.

Courses that take people from the cohort follow at once: who joins it is enrolled there, who leaves it goes from there, as the site's settings of cohort enrolment say; with a deleted cohort go these enrolments.

## Example

    cmd,cidnumber,cname,cdescription,userid
    add,CLASS27,Class of 2027,Everybody who starts now,ada
    add,CLASS27,Class of 2027,Everybody who starts now,grace
    del,CLASS26,,,alan
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, option, people_found_by

FOUND, COHORTS = "How things are found", "Cohorts"

dag: DAG = command_file_dag(
    "cohorts",
    doc=__doc__,
    changes="moodle_cohorts",
    tags=["cohorts"],
    params={
        "cohort_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Cohorts are found by",
            "What the column `cid` holds, or which column holds it: `cidnumber`, `cname`.",
            section=FOUND,
        ),
        "user_id_field": people_found_by(
            "What the column `userid` holds.",
            section=FOUND,
        ),
        "auto_create": option(
            False,
            "Create missing cohorts",
            "A line that adds to a cohort which doesn't exist creates it; otherwise the line fails.",
            section=COHORTS,
        ),
        "purge_empty": option(
            False,
            "Delete empty cohorts",
            "Afterwards, delete the cohorts named in the file that have no members.",
            section=COHORTS,
        ),
    },
)
