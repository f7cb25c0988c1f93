"""Courses deleted from a list, once a person has seen what would go.

Drop a list into the cabinet's `courses_delete/inbox`, or paste it when you trigger this DAG: one identifier on each line. A header that
names an identifier (`shortname;description`) is recognised and says what the identifiers are; without a header, Param `course_id_field`
says it. A course is meant by what is written exactly so, or differs in letter case alone (`c107` means C107); what only looks like it (`CAFE`
for `CAFÉ`) is never deleted: the line fails and names it.

## What happens

1. `plan` does all the work and rolls it back. Its log and the approval form show what would go: the courses by name, the number of people
   enrolled, the last access, and the number of activities and files with their size.
2. With Param `require_approval`, and always when the list exceeds a limit of `include/toolsync.yaml`, the run waits until a person approves
   in the Airflow UI. It holds no worker slot while it waits. If the person rejects, the list goes back into the inbox and nothing is
   changed.
3. `execute` deletes everything that Moodle's own `delete_course` deletes, in every table of Moodle's plugins. Each course is deleted as a
   whole or not at all. A line fails if its course is no longer the one that was approved, or was used since.

Logs, the grade history and people's messages stay, as in Moodle. Badges of the course become archived badges of the site. Courses that took
their people from it by meta link keep them suspended, without roles (or as the site's setting of that plugin says).

Refused, with the reason: the front page; a course with an activity, question type or other plugin that the course graph
(`include/course_graph`) does not describe; a course whose questions are used by a quiz of another course. The whole list goes back into the
inbox, and nothing is done, on a site whose Moodle is newer than Tool Sync was tested with, unless Param `accept_newer` is set, and on a site
with tables of a plugin that may belong to courses and that the course graph does not know: the report names them.

## Undo

Before a course is deleted, everything that goes is written to an undo bundle in `courses_delete/undo`, one for each course. The DAG
`toolsync_courses_restore` puts the course back: drop the same list there. `toolsync_undo` puts all courses of a run back. File contents stay
in the site's data folder as long as a bundle refers to them.

## Example

```csv
C102
OLD-2019;replaced by NEW-2024
```
"""

from airflow.sdk import DAG

from toolsync.pipeline import accept_newer, command_file_dags, courses_found_by

dags: list[DAG] = command_file_dags(
    "courses_delete",
    title="Courses: delete",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    destructive=True,
    params={
        "course_id_field": courses_found_by(
            "What the identifiers are, in a list without a header line.",
        ),
        "accept_newer": accept_newer(),
    },
)
