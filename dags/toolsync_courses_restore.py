"""Courses that were deleted, reset or given a template's content, put back as they were.

Drop a list into the cabinet's `courses_restore/inbox`, or paste it when you trigger this DAG: one identifier a line, as in the list that deleted them (that very file will do). Each line
takes the newest undo bundle of its course that was not put back yet, from `courses_delete/undo`, `courses_reset/undo` and `courses/undo`; the column `bundle` names another one.

## What happens

Every row comes back with its id: the course, its activities, files, people, grades, attempts. Rows that the deletion or the reset changed get back what they held, rows that it made go.
Courses that follow by meta link get their people back, too. A course comes back whole, or its line fails with the reason and comes back in `courses_restore/tryback`:

- the course is there; another one has its short name or idnumber by now
- its category is gone; the course that it takes its people from is gone
- ids are taken, or people have made since what stands where something is to come back
- a row was changed again since (Param `overwrite_changes` puts it back all the same)
- people made something in the content that took the place of the old one, or changed it (with Param `overwrite_changes` it goes all the same)
- the site was upgraded since and lacks a column

Of a course whose content a template's took the place of, all of the new content goes, and what the line did to the course besides; but it stays in the category that it is in, and whoever was enrolled since stays enrolled.

What Moodle calculates by itself (grades, completion) is replaced. Accounts that were deleted since stay out of the course; a note says so. What had happened to a course twice is undone in turn, the last first.
Not put back: logs, the history of grades, caches.

File contents are in the site's data folder as long as a bundle refers to them. A bundle is kept for `undo_days` (`include/toolsync.yaml`), whatever becomes of the archive.

## Example

    C102
    OLD-2019
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by, option

dag: DAG = command_file_dag(
    "courses_restore",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    params={
        "course_id_field": courses_found_by("What the identifiers are, in a list without a header."),
        "undo_of": choice(
            "any",
            ["any", "delete", "reset", "replace"],
            "Undo",
            "Only what a deletion took, only what a reset took, only a content that a template's took the place of, or whatever was last.",
        ),
        "overwrite_changes": option(
            False,
            "Overwrite later changes",
            "Put back what was changed even where somebody changed it again since, and of a content that was replaced take away what people made in the new one. "
            "Otherwise such a line fails.",
        ),
    },
)
