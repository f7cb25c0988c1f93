"""Courses deleted from a list, after a person looked at what would go.

Drop a list into the cabinet's `courses_delete/inbox`, or paste it when you trigger this DAG: one identifier a line. A header that names an identifier
(`shortname;description`) is recognised, and says what the identifiers are; without one, Param `course_id_field` says it.

## What happens

1. `plan` does all the work and rolls it back. The log, and the form in which you are asked, show what would go: the courses by name, the people enrolled, the last
   access, activities, files and their size.
2. With Param `require_approval` (and always when the list passes a limit of `include/toolsync.yaml`) the run waits until a person approves in the Airflow UI. It holds no worker meanwhile.
   If the answer is no, the list goes back into the inbox and nothing is changed.
3. `execute` deletes: everything that Moodle's own `delete_course` takes, in every table of Moodle's plugins. Each course goes whole or not at all. A course that is not the one
   that was approved any more, or that somebody used since, fails its line.

What stays is what Moodle leaves: logs, the history of grades, people's messages. Badges of the course become archived badges of the site. Courses that took their people
from it by meta link keep them suspended, without roles (or as the site's setting of that plugin says).

Refused by name: the front page; a course with an activity, question type or other plugin that the course graph (`include/course_graph`) does not know; a course whose questions
another course's quiz uses.

## Taking it back

Everything that goes is written before into an undo bundle in `courses_delete/undo`, one a course. The DAG `toolsync_courses_restore` puts the course back: drop the same list there.
File contents stay in the site's data folder as long as a bundle refers to them.

## Example

    C102
    OLD-2019;replaced by NEW-2024
"""

from airflow.sdk import DAG

from toolsync.pipeline import command_file_dag, courses_found_by

dag: DAG = command_file_dag(
    "courses_delete",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    destructive=True,
    params={
        "course_id_field": courses_found_by(
            "What the identifiers are, in a list without a header.",
        )
    },
)
