"""Which courses of a list exist. Changes nothing.

Drop a list into the cabinet's `courses_check/inbox`, or paste it when you trigger this DAG: one identifier on each line, optionally
followed by a delimiter and any text, which the answer repeats. A header that names an identifier (`shortname;description`) is recognised
and says what the identifiers are; without a header, Param `course_id_field` says it.

`courses_check/report` says for every line whether the course was found or is missing. A CSV table in the same folder, `…_answer.csv`, holds
the same: the line, the identifier, `found` or `missing`, the course's id, shortname, idnumber and full name, and your description. A
missing course is a valid answer, so its line is `unchanged` and does not come back. A line without an identifier fails, and so does one
that matches several courses, or none but one that looks like it (`CAFE` for `CAFÉ`), or one that Moodle is about to delete; they come back in
`courses_check/tryback`. The front page does not count as a course.

## Example

```csv
C101;the living one
NOWHERE;not made yet
C108
```
"""

from airflow.sdk import DAG

from toolsync.pipeline import command_file_dags, courses_found_by

dags: list[DAG] = command_file_dags(
    "courses_check",
    title="Courses: check",
    doc=__doc__,
    changes=None,
    tags=["courses"],
    params={
        "course_id_field": courses_found_by(
            "What the identifiers are, in a list without a header line.",
        )
    },
)
