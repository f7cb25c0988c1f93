"""Which courses of a list exist. Changes nothing.

Drop a list into the cabinet's `courses_check/inbox`, or paste it when you trigger this DAG: one identifier a line, and after a delimiter anything that you want repeated in the
answer. A header that names an identifier (`shortname;description`) is recognised, and says what the identifiers are; without one, Param `course_id_field` says it.

`courses_check/report` says of every line whether the course was found or is missing. The same stands in a table beside the report, `…_answer.csv`: line, what was asked, `found` or
`missing`, the course's id, shortname, idnumber and full name, and your description. A missing course is an answer, so its line is `unchanged` and does not come back; a line that asks for
nothing, or that several courses answer to, fails and comes back in `courses_check/tryback`. The front page is no course.

## Example

    C101;the living one
    NOWHERE;not made yet
    C108
"""

from airflow.sdk import DAG

from toolsync.pipeline import command_file_dag, courses_found_by

dag: DAG = command_file_dag(
    "courses_check",
    doc=__doc__,
    changes=None,
    tags=["courses"],
    params={
        "course_id_field": courses_found_by(
            "What the identifiers are, in a list without a header.",
        )
    },
)
