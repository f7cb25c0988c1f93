"""A command file about courses that you describe, for you to look through.

Say which courses you mean, and this DAG writes the file that deletes or resets them into `courses_delete/review` or `courses_reset/review` of the cabinet. It never goes on by itself: look the file through, take
out the lines of courses to leave alone, and drop it into that type's `inbox`. The site is read and not changed.

Every filter that is given must be met. At least one is needed; the short name `*` is every course. The front page is never among them.

| filter | meets |
|---|---|
| `categories` | courses in one of these categories (one a line, as Param `category_id_field` says), and in those below them unless Param `subcategories` is off |
| `shortname`, `fullname`, `idnumber` | a pattern, `*` for any characters, upper or lower case as it comes |
| `no_access_since` | courses where nobody has been since. Where nobody ever was, the course was made before |
| `ended_before` | courses with an end date, and that before |
| `started_before`, `created_before` | courses whose start date, or whose making, was before |
| `nobody_enrolled` | courses without any enrolment, suspended ones count |
| `without_activities` | courses without activities but Announcements |
| `hidden_only` | courses that are hidden |

A moment is a date (`2026-09-01`), or a number of days before today (`365`).

The file begins with comments that say how it was made. Those courses come first that nobody has used for longest. Beside each (above it, in a file that resets) stands what you need to know of it: how many people are enrolled, the last
access, its full name and category. A course that can't be named by `course_id_field` (it has no idnumber, or another has the same) is left out, and the comments say so. When
no course is left, no file is written.

## Example

    # A file for toolsync_courses_delete, made by toolsync_make_command_file at 2026-11-25 09:30, run manual__2026-11-25T09:30:00+00:00
    # Filters: categories Humanities with subcategories, no_access_since 365
    # Remove the lines of courses to leave alone, then drop the file into courses_delete/inbox
    # 2 courses, the longest unused first
    shortname,description
    HIS7,"0 people, last access never, hidden: History VII (Humanities / History)"
    HIS1,"14 people, last access 2025-06-20, ended 2025-06-30: History I (Humanities / History)"
"""

from airflow.sdk import DAG, Param

from toolsync.operators.make_command_file import MakeCommandFileOperator
from toolsync.pipeline import choice, courses_found_by, option, toolsync_dag
from toolsync.settings import settings

FILE, COURSES = "The file", "Which courses"


def filter_param(title: str, description: str) -> Param:
    """A text that may stay empty."""
    return Param("", type=["null", "string"], section=COURSES, title=title, description=description)


dag: DAG = toolsync_dag(
    "make_command_file",
    doc=__doc__,
    tags=["courses"],
    params={
        "what": choice(
            "courses_delete", ["courses_delete", "courses_reset"], "Made for", "What the file is for.", section=FILE
        ),
        "course_id_field": courses_found_by("What identifies the courses in the file.", section=FILE),
        "reset_columns": Param(
            "roles=student teacher guest\nlocal_roles=all\ncompletion=yes\ngrades=all\ngroups=all\ngroupings=all\nblog_associations=yes\n"
            "events=yes\nlogs=yes\nnotes=yes\ncomments=yes\nmodules=all",
            type=["null", "string"],
            format="multiline",
            section=FILE,
            title="What is reset",
            description="Of a reset: the columns of the file, `column=value`, one a line.",
        ),
        "limit": Param(
            0,
            type="integer",
            minimum=0,
            section=FILE,
            title="At most",
            description="So many courses, those first that nobody has used for longest. 0: all.",
        ),
        "categories": Param(
            "",
            type=["null", "string"],
            format="multiline",
            section=COURSES,
            title="In the categories",
            description="One a line. Empty: in any.",
        ),
        "category_id_field": choice(
            "path",
            ["path", "idnumber", "id"],
            "Categories are found by",
            "What the lines above are: names from the top down, cut by ` / `; idnumbers; or ids.",
            section=COURSES,
        ),
        "subcategories": option(True, "With subcategories", "Also what is in categories below these.", section=COURSES),
        "shortname": filter_param("Short name", "A pattern: `2025-*`."),
        "fullname": filter_param("Full name", "A pattern: `*test*`."),
        "idnumber": filter_param("Idnumber", "A pattern: `P-*`."),
        "no_access_since": filter_param("No access since", "A date, or a number of days before today: `365`."),
        "ended_before": filter_param("Ended before", "The same."),
        "started_before": filter_param("Started before", "The same."),
        "created_before": filter_param("Made before", "The same."),
        "nobody_enrolled": option(False, "Nobody is enrolled", "Suspended enrolments count, too.", section=COURSES),
        "without_activities": option(False, "Without activities", "Announcements do not count.", section=COURSES),
        "hidden_only": option(False, "Hidden only", "Courses that students don't see.", section=COURSES),
        "timezone": filter_param("Timezone", "Of the dates, `Europe/Paris`. Empty: the site's own."),
    },
)

with dag:
    MakeCommandFileOperator(task_id="make", moodle_conn_id=settings()["moodle_conn_id"])
