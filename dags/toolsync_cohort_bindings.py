"""Cohorts bound to courses from a file: a course takes its people from a cohort, with a role and a group.

Drop a CSV file into the cabinet's `cohort_bindings/inbox`, or paste its rows when you trigger this DAG. Each line is about one cohort in one course: the enrolment method
that Moodle calls *Cohort sync*. Lines that can't be done come back in `cohort_bindings/tryback`, the file goes to `cohort_bindings/archive`, and `cohort_bindings/report` says what became of every line.

## What a line does

| `cmd` | does |
|---|---|
| `add` (default) | binds the cohort to the course with that role: its people are enrolled at once, and follow the cohort from then on. Bound already: it is enabled if it was disabled, and takes the dates and the group of the line |
| `del` | disables the binding: enrolments stay, roles go |
| `restore` | enables it: the roles come back |
| `fulldel` | removes it with its enrolments, as Moodle does; the cohort and its people stay |

A binding is found by its cohort, course and `role`; with `*` all bindings of that cohort in that course, whatever the role. `del`, `restore` and `fulldel` of a binding that doesn't exist fail.

`makegroup` puts the people into a group of the course, and they follow there too: `yes` for a new group of the cohort's name, or the name of a group, created when missing.

## Example

    cmd,cohort,course,role,makegroup
    add,COH1,C101,student,yes
    add,STAFF,C101,teacher,
    fulldel,COH2,C101,*,
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by

FOUND = "How things are found"

dag: DAG = command_file_dag(
    "cohort_bindings",
    doc=__doc__,
    changes="moodle_cohort_bindings",
    tags=["cohorts", "enrolments"],
    params={
        "cohort_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Cohorts are found by",
            "What the column `cohort` holds.",
            section=FOUND,
        ),
        "course_id_field": courses_found_by(
            "What the column `course` holds.",
            section=FOUND,
        ),
    },
)
