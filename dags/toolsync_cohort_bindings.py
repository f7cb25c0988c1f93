"""Cohorts bound to courses from a file: a course takes its people from a cohort, with a role and a group.

Drop a CSV file into the cabinet's `cohort_bindings/inbox`, or paste its rows when you trigger this DAG. Each line is about one cohort in
one course, the enrolment method that Moodle calls *Cohort sync*. Lines that fail come back in `cohort_bindings/tryback`, the file moves to
`cohort_bindings/archive`, and `cohort_bindings/report` says what became of every line.

## What a line does

| `cmd` | effect |
|---|---|
| `add` (default) | binds the cohort to the course with that role: its members are enrolled at once, and the course follows the cohort from then on. An existing binding is enabled if it was disabled, and takes the dates and the group of the line |
| `del` | disables the binding: enrolments stay, roles go. Dates count with `add` only |
| `restore` | enables the binding: the roles come back |
| `fulldel` | removes the binding with its enrolments, as Moodle does; the cohort and its members stay |

A binding is found by its cohort, course and `role`; `*` means all bindings of that cohort in that course, whatever their role. `del`,
`restore` and `fulldel` fail if the binding does not exist.

`makegroup` puts the people into a group of the course, whose membership follows the cohort, too: `yes` creates a group with the cohort's
name; any other value is the name of a group, which is created if none is called exactly so. The report names the group that is made. If several groups
of the course have that name, the line fails.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## Example

```csv
cmd,cohort,course,role,makegroup
add,COH1,C101,student,yes
add,STAFF,C101,teacher,
fulldel,COH2,C101,*,
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params
from toolsync.pipeline import choice, command_file_dags, courses_found_by

FOUND = "Identifiers"

dags: list[DAG] = command_file_dags(
    "cohort_bindings",
    title="Cohort bindings",
    doc=__doc__,
    changes="moodle_cohort_bindings",
    tags=["cohorts", "enrolments"],
    params={
        "cohort_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Find cohorts by",
            "What column `cohort` contains.",
            section=FOUND,
        ),
        "course_id_field": courses_found_by(
            "What column `course` contains.",
            section=FOUND,
        ),
        **data_set_params(),
    },
)
