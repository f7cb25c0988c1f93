"""Courses put back as they were before they were deleted, reset or filled from a template.

Drop a list into the cabinet's `courses_restore/inbox`, or paste it when you trigger this DAG: one identifier on each line, as in the list
that deleted the courses (that very file will do). Each line takes the newest undo bundle of its course that was not put back yet, from
`courses_delete/undo`, `courses_reset/undo` or `courses/undo`; the column `bundle` names another one.

## What happens

Every row comes back with its id: the course, its activities, files, people, grades, attempts. Rows that the deletion or reset changed get
their old values back; rows that it made are deleted. Courses that follow by meta link get their people back, too. A course comes back as a
whole, or its line fails with the reason and comes back in `courses_restore/tryback`:

- the course exists; or another one has its short name or idnumber by now
- its category no longer exists, or the course that it takes its people from doesn't
- ids are taken, or another group or grouping of the course has the idnumber of one that comes back
- people have since made something in the place of what is to come back, as a new answer to a choice (with Param `overwrite_changes` it is
  deleted all the same, with what belongs to it: files, grades, versions)
- a row was changed since, or a grade that a reset had sent anew (Param `overwrite_changes` puts it back all the same)
- somebody was graded in a grade item that a reset had made anew (with Param `overwrite_changes` that grade is deleted)
- people made or changed something in the content that replaced the old one (with Param `overwrite_changes` it is deleted all the same)
- the site was upgraded since and lacks a column

The whole list goes back into the inbox on a site whose Moodle is newer than Tool Sync was tested with, unless Param `accept_newer` is set, and on
one with tables of a plugin that may belong to courses and that the course graph (`include/course_graph`) does not know.

If a template replaced the content of the course, all of the new content is deleted, and whatever else the line did to the course is undone.
But the course stays in its present category, and whoever was enrolled since stays enrolled. The run shows first what would go, and waits until
a person approves it (Param `require_approval`). Putting back what was deleted or reset takes nothing away, and does not wait.

A deleted course takes its former place among the courses of its category, also if others were deleted before or after it, or are still gone;
where nobody has sorted them, the place that its age gives it.
What Moodle calculates by itself (grades, completion) is replaced. Accounts that were deleted since stay out of the course; a note says so.
If a course was changed several times, undo one change after the other, the last one first. Logs, the grade history and caches are not put
back.

File contents stay in the site's data folder as long as a bundle refers to them. A bundle is kept for `undo_days` (`include/toolsync.yaml`),
whatever happens to the archive.

## Example

```csv
C102
OLD-2019
```
"""

from airflow.sdk import DAG

from toolsync.operators.courses import RESTORE
from toolsync.pipeline import accept_newer, choice, command_file_dags, courses_found_by, option

dags: list[DAG] = command_file_dags(
    "courses_restore",
    title="Courses: put back",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    steps=RESTORE,
    destructive=True,
    params={
        "course_id_field": courses_found_by("What the identifiers are, in a list without a header line."),
        "undo_of": choice(
            "any",
            ["any", "delete", "reset", "replace"],
            "Undo",
            "Which change to undo: a deletion, a reset, a replacement by a template, or whichever was last.",
        ),
        "overwrite_changes": option(
            False,
            "Overwrite later changes",
            "Put rows back even if somebody has changed them again since, and delete what people have made in their place, or in content that "
            "replaced the old one. "
            "Otherwise such a line fails.",
        ),
        "accept_newer": accept_newer(),
    },
)
