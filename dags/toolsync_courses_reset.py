"""Courses reset from a file: what people did in them is removed, once a person has seen what would go.

Drop a CSV file into the cabinet's `courses_reset/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, and
each column about one part of it, as on Moodle's page *Reset*. A part is left alone if its column is absent, or its cell is empty or says
no. Lines that fail come back in `courses_reset/tryback`, the file moves to `courses_reset/archive`, and `courses_reset/report` says what
became of every line.

## What happens

1. `plan` does all the work and rolls it back. Its log and the approval form show for each course what would go: people who are unenrolled,
   attempts, submissions, posts, grades, files and their size; and how far dates move (`dates move by 364 days: 2025-09-01 → 2026-08-31`).
2. With Param `require_approval`, and always when the file exceeds a limit of `include/toolsync.yaml`, the run waits until a person approves
   in the Airflow UI. It holds no worker slot while it waits. If the person rejects, the file goes back into the inbox and nothing is
   changed.
3. `execute` resets the courses. Each course is done as a whole or not at all. A line fails if its course is no longer the one that was
   approved, or was used since.

## Modules

`modules` resets what Moodle's reset form selects by default for each module: `all` modules of the course, the modules that you name, or
with minus signs all except these (`-quiz -forum`). That is not everything: entries of glossaries and databases stay (their ratings and
comments go), and so do forum subscriptions, wikis and tags.

A module's own column (`forum`, `lesson`) resets everything that its form offers, whatever `modules` says. Each of the columns below resets
one part; they are named after Moodle's own options.

## Good to know

- `roles`: people are unenrolled by the methods that allow it (manual, self and by payment; cohort and meta enrolments only when suspended). Courses
  that follow by meta link follow at once.
- `grades`: each activity sends the grades that it keeps to the gradebook again, of an assignment those of the latest attempts, with the
  feedback comments. What was changed, overridden or locked in the gradebook does not count; a grade item that is locked, or whose time to be
  locked has come, takes no grade, nor do several items of one grade, unless the items are reset, too. To remove these grades, reset the
  activity too (`quiz_attempts`). Not worked out again: the grades of SCORM packages, which come back as the gradebook had them last;
  deductions for late submission; files in feedback; evidence of competencies.
- `grades` completes activities anew whose grades come back, also with `completion`. Of the other conditions, Tool Sync can't check what a SCORM
  package reports, whether all attempts at a quiz are used up, and what plugins of others ask for: these count as met where the activity was
  complete. Course completion follows by cron.
- `startdate`: with an earlier start, the end date stays.
- Refused, with the reason: the front page; a module that this site does not have; with `modules` or `startdate`, a course with an activity
  that the course graph (`include/course_graph`) does not describe. The whole file goes back into the inbox on a site whose Moodle is newer
  than Tool Sync was tested with, unless Param `accept_newer` is set, and on one with tables of a plugin that the course graph does not know.

## Undo

Before a course is reset, everything that goes or changes is written to an undo bundle in `courses_reset/undo`, one for each course. The DAG
`toolsync_courses_restore` puts it back, `toolsync_undo` all courses of a run. File contents stay in the site's data folder as long as a bundle
refers to them.

## Example

```csv
shortname,startdate,roles,groups,events,grades,modules,forum_subscriptions
C101,2026-09-07,student,members,yes,grades,all,yes
C102,,,,,,quiz assign,
```
"""

from airflow.sdk import DAG

from toolsync.pipeline import accept_newer, command_file_dags, courses_found_by

dags: list[DAG] = command_file_dags(
    "courses_reset",
    title="Courses: reset",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    destructive=True,
    params={
        "course_id_field": courses_found_by("The column that says which course a line is about."),
        "accept_newer": accept_newer(),
    },
)
