"""Courses and their categories from a file: create, copy from templates, update, move, rename.

Drop a CSV file into the cabinet's `courses/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, found by its
`shortname` (or as Param `course_id_field` says). Lines that fail come back in `courses/tryback`, the file moves to `courses/archive`, and
`courses/report` says what became of every line.

## What a line does

| line | effect |
|---|---|
| the course does not exist | it is created. `shortname`, `fullname` and a category are required. It gets the sections, blocks, enrolment methods and Announcements forum of the site's defaults; absent columns take the site's course defaults |
| … with a `template` | it is created as a copy of that course: see below |
| … and it exists | the template's content is added to it or replaces its own, with Params `force_update` and `template_mode` |
| the course exists | nothing (`unchanged`; a note says what differs), unless Param `force_update` is set: then the columns of the file are updated, no others |
| `category` | a path (`Science / Physics`), idnumber or id (Param `category_id_field`). Missing categories of a path are created, level by level, and named in the report. An existing course moves there, unless Param `protect_category` is set. Existing categories are never changed or deleted |
| `rename` | gives an existing course another short name |
| `self`, `guest` | yes enables that enrolment method, and adds it if the course has none; no disables it |
| `enrolment_1`, `enrolment_1_role` … | adds and configures enrolment methods, as Moodle's own upload of courses does |
| `teacher1_account`, `teacher1_role` | enrols a person (manual enrolment) with that role |
| `topic0`, `topic1` … | names sections, `name|summary`, and creates the sections up to there |
| `role_student` and its like | what a role is called in this course; the column ends in the role's short name |
| `tags`, `customfield_…` | replaces all tags by these; sets custom fields |

An absent column leaves the stored value alone. An empty cell clears the value where Moodle allows that (idnumber, summary, lang, theme,
tags, custom fields); for names, numbers and dates it counts as not given. A line is done with all its parts or not at all. A new course
comes first in its category, and that of the next line before it, as in Moodle; while a long file is executed, its new courses are the last ones
there. The front page is never changed.

Courses are deleted and reset by other DAGs: a file with a column for that is rejected.

## Which one is meant

Of courses, categories and all else that a line names, the one that is written exactly so is meant; where there is none, the one that differs
in letter case alone (`c101` finds C101), and if there are several, the line fails. What only looks alike to the site's database, as CAFÉ does
to CAFE, is never meant: Moodle does not take such a short name or idnumber beside the other, so the line fails and names it. Categories
`Annee` and `Année` are two. The site can keep only one of two tags that look alike: the one that is there, or the first, is used for both, and
a note says so.

A path that differs from one of the site in letter case alone means that one, and a note says so. Names are separated by ` / `; where a path
has none, by plain slashes, unless a top category has such a name. A slash behind a backslash is part of a name: `Arts\\/Crafts / Year 1`. Digits
alone that are no path (`5`) fail, as they are ids in files for Moodle's own upload: set Param `category_id_field` to `id`.

## Templates

`template` (`templatecourse` or `backupfile` in Moodle's own upload) is the short name of a course of the site. The new course gets what Moodle's own
copy without users copies: settings, sections, activities with their files, question banks and quizzes, blocks, groups and groupings, the
gradebook setup, completion and access rules, role overrides, filters, tags, custom fields, badges (since Moodle 4.5), competencies and calendar events. User
data is not copied, and that includes glossary entries, wiki pages, database entries and forum posts. Enrolment methods are the site's
defaults, as in any new course. So is what Moodle's copy leaves out: what participants of a BigBlueButton may not do, for example.
Before Moodle 5.0, question banks outside the template from which its activities take questions are copied along as a whole, into the bank of
the new course: those of other courses and their activities, and of a course category, unless the new course lies below it. A bank with
questions of a type that Tool Sync does not know stays where it is and is used from there; the report says so. Since Moodle 5.0, all of them
stay.

Values of the line override the template's settings; columns that are absent stay as in the template. A `startdate` moves every date of the
copy by its distance from the template's start date; the report, and a plan if there is one, say how far. Links between pages of the template lead to the pages of the copy: the site's address
is `wwwroot` in the extra of the connection, or else the one in Moodle's own table of hosts.

The course is copied as it is at that moment, from one snapshot, and nobody who works in it has to wait (except to save its settings, while
a new course is put into the same category). (The original tool restored the newest backup in the course's backup area.) A later line may
use a template that an earlier line creates. If the template holds an activity, question type or similar of a plugin that Tool Sync does not
know, the line fails and names it: see `include/course_graph/README.md`. A file with a template goes back into the inbox as a whole on a
site whose Moodle is newer than Tool Sync was tested with, unless Param `accept_newer` is set, and on one with tables of a plugin that may belong
to courses and that Tool Sync does not know.

An existing course is not changed by a template, unless Param `template_mode` says so (together with `force_update`). `add` adds the
template's content, as Moodle merges a backup: sections are matched by number, and take over name, summary and restrictions where they have
none; activities are added behind the existing ones; groups, groupings, scales, outcomes, blocks and calendar events that the course already has
are not duplicated, nor are, before Moodle 5.0, the categories and questions of its question bank: they stay as they are. People stay, and
new forums with auto subscription subscribe them. The course keeps its own settings, summary, tags, fields and completion criteria. If its
gradebook has categories, new activities are added at its top level; otherwise it takes the template's categories and the settings of the
course total. Dates move if the line gives a `startdate`. Running the same file again adds everything else again.

`replace` first deletes the course's own content, then copies the template's. The course itself stays, with its names, dates, format, custom
fields and place; so do enrolment methods, people with their roles, role overrides, and logs. Deleted are its summary, tags and files,
sections, activities with all user data, grades, completion, groups, blocks, notes, calendar events and last accesses. Badges become
archived badges of the site, as when a course is deleted. A course that holds something that Tool Sync does not know, or whose questions are
used by another course, is refused with the reason. Because `replace` deletes content, `plan` shows what would go, `approve` waits for a
person (Param `require_approval`, and the limits of `include/toolsync.yaml`), and an undo bundle for each course is written to
`courses/undo`: `toolsync_courses_restore` puts the old content back. Other files of this type delete nothing: they have no plan and need no
approval.

A `template` that ends in `.mbz` is a backup file on the site's server: a path relative to the site's directory, or an absolute one.
Moodle's own `admin/cli/restore_backup.php` restores it as a new course with everything in it (including people, if the backup was made with
users), over the connection `moodle_cli` (docs/settings.md#connection-moodle_cli; without it the line fails). Then the rest of the line is
applied to that course. A `startdate` moves its end date, too, but no other date: the dates inside stay those of the backup, and a note says
so. Only backups of lines that can be done are restored, each exactly once, even after a crash. A restore that did not finish is named in
the report, for you to delete its course by hand. A simulation does not look into backups. A backup is never restored over an existing
course.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## Example

```csv
shortname,fullname,category,startdate,enddate,format,numsections,topic1,teacher1_account
PHY201,"Physics II, waves",Science / Physics,2026-09-01,2027-06-30,topics,8,Waves|<p>Sound and light</p>,ada
ROB1,Robots I,Engineering / Robotics / Year 1,2026-09-01,2027-06-30,weeks,30,,grace
```
"""

from airflow.sdk import DAG, Param

from toolsync.feed_params import data_set_params
from toolsync.operators.courses import COURSES
from toolsync.pipeline import accept_newer, choice, command_file_dags, courses_found_by, option

COURSE_PARAMS, CATEGORY_PARAMS = "Courses", "Categories"

dags: list[DAG] = command_file_dags(
    "courses",
    title="Courses",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    steps=COURSES,
    destructive=True,
    params={
        "course_id_field": courses_found_by(
            "The column that says which course a line is about.",
            section=COURSE_PARAMS,
        ),
        "force_update": option(
            False, "Update existing courses", "Otherwise existing courses are not changed.", section=COURSE_PARAMS
        ),
        "template_mode": choice(
            "none",
            ["none", "add", "replace"],
            "Templates for existing courses",
            "What a `template` does to an existing course (with `force_update`): `none` does nothing, `add` adds the template's content, "
            "`replace` deletes the course's own content first.",
            section=COURSE_PARAMS,
        ),
        "accept_newer": accept_newer(section=COURSE_PARAMS),
        "user_id_field": choice(
            "username",
            ["username", "idnumber", "email", "id"],
            "Find teachers by",
            "What columns `teacher1_account`, `teacher2_account` … contain.",
            section=COURSE_PARAMS,
        ),
        "category_id_field": choice(
            "path",
            ["path", "idnumber", "id"],
            "Find categories by",
            "What column `category` contains: the names from the top down, separated by ` / `; an idnumber; or an id.",
            section=CATEGORY_PARAMS,
        ),
        "default_category": Param(
            "",
            type=["null", "string"],
            section=CATEGORY_PARAMS,
            title="Default category",
            description="The category of new courses whose line names none; written as in column `category`.",
        ),
        "new_categories_visible": option(
            True, "New categories are visible", "Otherwise they are hidden from students.", section=CATEGORY_PARAMS
        ),
        "protect_category": option(
            False, "Never move courses", "Existing courses stay in their category.", section=CATEGORY_PARAMS
        ),
        **data_set_params(),
    },
)
