"""Courses that begin again: what people did in them is taken out, from a file, after a person looked at what would go.

Drop a CSV file into the cabinet's `courses_reset/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, each column about a part of it: what Moodle's page
*Reset* does. A column that is absent, or a cell that is empty or says no, leaves that part alone. Lines that can't be done come back in `courses_reset/tryback`, the file goes to
`courses_reset/archive`, and `courses_reset/report` says what became of every line.

## What happens

1. `plan` does all the work and rolls it back. The log, and the form in which you are asked, show of each course what would go: people who leave, attempts, submissions, posts, grades, files and their size.
2. With Param `require_approval` (and always when the file passes a limit of `include/toolsync.yaml`) the run waits until a person approves in the Airflow UI. It holds no worker meanwhile.
   If the answer is no, the file goes back into the inbox and nothing is changed.
3. `execute` resets. Each course is done whole or not at all. One that is not the course that was approved any more, or that somebody used since, fails its line.

## Modules

`modules` takes of each module what its part of Moodle's reset form proposes: `all` modules of the course, those that you name, or with a minus sign all but these (`-quiz -forum`). That is not
everything: entries of glossaries and databases stay (their ratings and comments go), so do forum subscriptions, wikis, tags.

A module's own column (`forum`, `lesson`) takes all that its form offers, `modules` or not. The columns below take one part each; they are named after Moodle's own options.

## Good to know

- `roles`: people leave by the methods that let them (manual, self; cohort and meta enrolments only when suspended). Courses that follow by meta link follow at once.
- `grades`: grades that activities keep themselves come back at once, as they were given there, without what was changed in the gradebook; reset the activity too (`quiz_attempts`) to be rid of them.
- `startdate`: with an earlier start the end date stays.
- Refused by name: the front page; a module that this site lacks; with `modules` or `startdate`, a course with an activity that the course graph (`include/course_graph`) does not know.

## Taking it back

What goes or changes is written before into an undo bundle in `courses_reset/undo`, one a course. The DAG `toolsync_courses_restore` puts it back.
File contents stay in the site's data folder as long as a bundle refers to them.

## Example

    shortname,startdate,roles,groups,events,grades,modules,forum_subscriptions
    C101,2026-09-07,student,members,yes,grades,all,yes
    C102,,,,,,quiz assign,
"""

from airflow.sdk import DAG

from toolsync.pipeline import command_file_dag, courses_found_by

dag: DAG = command_file_dag(
    "courses_reset",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    destructive=True,
    params={
        "course_id_field": courses_found_by("By which of its columns a line's course is found."),
    },
)
