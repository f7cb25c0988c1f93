"""A command file for the courses that you describe, for you to review.

Say which courses you mean, and this DAG writes the file that deletes or resets them into `courses_delete/review` or `courses_reset/review`
of the cabinet. It never goes further: review the file, remove the lines of courses to leave alone, and drop it into the `inbox` of that
type. The site is only read.

Courses must meet all filters that are set. Set at least one; the short name `*` selects every course. The front page is never selected, nor a
course that Moodle is about to delete.

| filter | selects |
|---|---|
| `categories` | courses in one of these categories (one on each line, as Param `category_id_field` says), and in their subcategories unless Param `subcategories` is off |
| `shortname`, `fullname`, `idnumber` | courses that match a pattern: `*` stands for any characters, upper and lower case are the same |
| `no_access_since` | courses that nobody has accessed since; if nobody ever has, courses created before |
| `ended_before` | courses that have an end date, before this one |
| `started_before`, `created_before` | courses whose start date or creation is before |
| `nobody_enrolled` | courses without any enrolment; suspended ones count |
| `without_activities` | courses without activities other than Announcements |
| `hidden_only` | hidden courses |

Dates are `2026-09-01`, or a number of days before today: `365`.

The file begins with comments that say how it was made. The courses that have been unused for longest come first. Each comes with what you
need to know about it, on its line or (in a file for resets) in a comment above it: the number of people enrolled, the last access, its full
name and category. A course that `course_id_field` can't identify (it has no idnumber, or another course has the same) is left out, and the
comments say so. If no course remains, no file is written.

## Example

```csv
# A file for toolsync_courses_delete, made by toolsync_make_command_file at 2026-11-25 09:30 UTC, run manual__2026-11-25T09:30:00+00:00
# Filters: categories Humanities with subcategories, no_access_since 365
# Remove the lines of courses to leave alone, then drop the file into courses_delete/inbox
# 2 courses, the longest unused first
shortname,description
HIS7,"0 people, last access never, hidden: History VII (Humanities / History)"
HIS1,"14 people, last access 2025-06-20, ended 2025-06-30: History I (Humanities / History)"
```
"""

from airflow.sdk import DAG, Param

from toolsync.operators.make_command_file import MakeCommandFileOperator
from toolsync.pipeline import choice, courses_found_by, for_each_site, option, tasks_of, toolsync_dag
from toolsync.sites import Site

FILE, COURSES = "The file", "Which courses"


def filter_param(title: str, description: str) -> Param:
    """A text Param that may stay empty."""
    return Param("", type=["null", "string"], section=COURSES, title=title, description=description)


params = {
    "what": choice(
        "courses_delete",
        ["courses_delete", "courses_reset"],
        "Make a file for",
        "The type that the file is for.",
        section=FILE,
    ),
    "course_id_field": courses_found_by("What identifies the courses in the file.", section=FILE),
    "reset_columns": Param(
        "roles=student teacher guest\nlocal_roles=all\ncompletion=yes\ngrades=all\ngroups=all\ngroupings=all\nblog_associations=yes\n"
        "events=yes\nlogs=yes\nnotes=yes\ncomments=yes\nmodules=all",
        type=["null", "string"],
        format="multiline",
        section=FILE,
        title="What to reset",
        description="For a reset: the columns of the file, one `column=value` on each line.",
    ),
    "limit": Param(
        0,
        type="integer",
        minimum=0,
        section=FILE,
        title="Limit",
        description="The largest number of courses in the file, the longest unused first. 0: all.",
    ),
    "categories": Param(
        "",
        type=["null", "string"],
        format="multiline",
        section=COURSES,
        title="Categories",
        description="One on each line. Empty: any.",
    ),
    "category_id_field": choice(
        "path",
        ["path", "idnumber", "id"],
        "Find categories by",
        "What the lines above contain: the names from the top down, separated by ` / `; idnumbers; or ids.",
        section=COURSES,
    ),
    "subcategories": option(True, "With subcategories", "Also courses in categories below these.", section=COURSES),
    "shortname": filter_param("Short name", "A pattern, such as `2025-*`."),
    "fullname": filter_param("Full name", "A pattern, such as `*test*`."),
    "idnumber": filter_param("Idnumber", "A pattern, such as `P-*`."),
    "no_access_since": filter_param("No access since", "A date, or a number of days before today, such as `365`."),
    "ended_before": filter_param("Ended before", "A date or a number of days."),
    "started_before": filter_param("Started before", "A date or a number of days."),
    "created_before": filter_param("Created before", "A date or a number of days."),
    "nobody_enrolled": option(
        False, "Nobody enrolled", "Courses without any enrolment, suspended ones included.", section=COURSES
    ),
    "without_activities": option(
        False, "Without activities", "Courses without activities other than Announcements.", section=COURSES
    ),
    "hidden_only": option(False, "Hidden only", "Only courses that are hidden from students.", section=COURSES),
    "timezone": filter_param("Timezone", "The timezone of dates, such as `Europe/Paris`. Empty: the site's."),
}


def make_command_file(site: Site) -> DAG:
    dag: DAG = toolsync_dag(
        site, "make_command_file", doc=__doc__, params=params, title="Courses: make a command file", tags=["courses"]
    )
    with tasks_of(dag):
        MakeCommandFileOperator(task_id="make", site=site)
    return dag


dags = for_each_site("make_command_file", make_command_file)
