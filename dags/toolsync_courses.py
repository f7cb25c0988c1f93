"""Courses and their categories from a file: create, copy from templates, update, move, rename.

Drop a CSV file into the cabinet's `courses/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, found by its
`shortname` (or as Param `course_id_field` says). Lines that can't be done come back in `courses/tryback`, the file goes to `courses/archive`, and
`courses/report` says what became of every line.

## What a line does

| line | does |
|---|---|
| the course does not exist | creates it: `shortname`, `fullname` and a category are needed. It gets its sections, blocks, enrolment methods and Announcements forum as the site's defaults have them; columns that are absent take the site's course defaults |
| … with a `template` | copies that course: see below |
| … and exists | is filled from it, with Params `force_update` and `template_mode` |
| it exists | nothing (`unchanged`), unless Param `force_update`: then it changes the columns of the file, no others |
| `category` | by path (`Science / Physics`), idnumber or id (Param `category_id_field`). A path that is missing is created, level by level. A course that exists moves there, unless Param `protect_category`. Categories themselves are never changed or deleted |
| `rename` | gives a course that exists another short name |
| `self`, `guest` | yes switches that enrolment method on, adding it when the course has none; no switches it off |
| `enrolment_1`, `enrolment_1_role` … | adds and sets enrolment methods, as Moodle's own upload of courses does |
| `teacher1_account`, `teacher1_role` | enrols a person (manual enrolment) with that role |
| `topic0`, `topic1` … | names sections, `name|summary`; sections up to there are made |
| `tags`, `customfield_…` | tags become exactly those; custom fields are set |

An absent column leaves what is stored alone. An empty cell clears it where Moodle allows that (idnumber, summary, lang, theme, tags, custom fields), and is no value for names, numbers and
dates. A line is done with all its parts or not at all. A new course comes first in its category, the next line's before it, as Moodle does it. The front page is never touched.

Deleting courses and resetting them are the work of other DAGs: a file with a column for that is rejected.

## Templates

`template` (or `templatecourse`, as in Moodle's own upload) is the short name of a course of the site. The new course gets what Moodle's own copy without users takes: settings, sections, activities with their files, question banks
and quizzes, blocks, groups and groupings, the gradebook's set-up, completion and access rules, role overrides, filters, tags, custom fields, badges, competencies, calendar events. Of what people did nothing comes along, and
enrolment methods are the site's defaults, as in any new course. Glossary entries, wiki pages, database entries and forum posts are people's.

What the line says wins over the template's settings; what it does not say is as in the template. A `startdate` moves every date of the copy by as much as it is away from the template's. Links between pages of the template
lead to the copy's pages: the site's address is the connection's extra `wwwroot`, or what Moodle's own table of hosts says.

The course is copied as it is at that moment, in one snapshot, and nobody who works in it has to wait (but to save its settings, while a new course takes its place in the same category). (The original tool restored the newest backup kept in the course's backup area.) A template that an earlier line makes may be used by
a later one. A template with an activity, a question type or the like of a plugin that Tool Sync does not know fails the line, by name: see `include/course_graph/README.md`.

A course that exists is left alone by a template, unless Param `template_mode` says otherwise (together with `force_update`). `add` adds the template's content to it, as Moodle merges a backup: sections meet by their number and take
over name, summary and restrictions where they have none; activities are new, behind those that are there; groups, groupings, scales, outcomes, blocks and calendar events that it has already are not doubled. People stay, and new forums that
subscribe everybody do so. The course's own settings stay, its summary, tags, fields, completion criteria too; where its gradebook has categories, new activities come under its top, otherwise it gets the template's categories and the
settings of the total. Dates move when the line gives a `startdate`. Doing the same file again adds it all again.

`replace` takes the course's own content away first, then copies the template's. What stays: the course with its names, dates, format, custom fields and place; enrolment methods, people with their roles, overrides of roles; logs.
What goes: its summary, tags and files, sections, activities with all that people did in them, grades, completion, groups, blocks, notes, calendar, last accesses. Badges become archived badges of the site, as when a course is deleted. A
course that holds what Tool Sync does not know, or whose questions another course uses, is refused by name. As this takes something away, `plan` shows what would go, `approve` waits for a person (Param `require_approval`, and the limits of
`include/toolsync.yaml`), and an undo bundle a course goes into `courses/undo`: `toolsync_courses_restore` puts the old content back. Any other file of courses takes nothing away: it has no plan and waits for nobody.

A `template` that ends in `.mbz` is a backup file on the site's server, by its path from the site's directory or from `/`. Moodle's own `admin/cli/restore_backup.php` makes a new course of it, with whatever is in it (people, too, when it was made
with them), over the connection `moodle_cli` (`docs/settings.md`; without it the line fails); then the line is done to that course. A `startdate` moves its end date along, nothing else: dates inside stay those of the backup, and a note says so. Only backups
of lines that can be done are restored, each once, whatever dies. What could not be finished is named in the report, to be deleted by hand. A simulation does not look into backups. A course that exists is never restored over.

## Example

    shortname,fullname,category,startdate,enddate,format,numsections,topic1,teacher1_account
    PHY201,"Physics II, waves",Science / Physics,2026-09-01,2027-06-30,topics,8,Waves|<p>Sound and light</p>,ada
    ROB1,Robots I,Engineering / Robotics / Year 1,2026-09-01,2027-06-30,weeks,30,,grace
"""

from airflow.sdk import DAG, Param

from toolsync.operators.courses import COURSES
from toolsync.pipeline import choice, command_file_dag, courses_found_by, option

COURSE_PARAMS, CATEGORY_PARAMS = "Courses", "Categories"

dag: DAG = command_file_dag(
    "courses",
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
            False, "Update courses that exist", "Otherwise they are left as they are.", section=COURSE_PARAMS
        ),
        "template_mode": choice(
            "none",
            ["none", "add", "replace"],
            "Templates of courses that exist",
            "What a `template` does to a course that exists (with `force_update`): `none` nothing, `add` adds the template's content, "
            "`replace` puts it in the place of the course's own, which goes.",
            section=COURSE_PARAMS,
        ),
        "user_id_field": choice(
            "username",
            ["username", "idnumber", "email", "id"],
            "Teachers are found by",
            "What the columns `teacher1_account`, `teacher2_account` … hold.",
            section=COURSE_PARAMS,
        ),
        "category_id_field": choice(
            "path",
            ["path", "idnumber", "id"],
            "Categories are found by",
            "What the column `category` holds: names from the top down, cut by ` / `; an idnumber; or an id.",
            section=CATEGORY_PARAMS,
        ),
        "default_category": Param(
            "",
            type=["null", "string"],
            section=CATEGORY_PARAMS,
            title="Default category",
            description="Where new courses go whose line names no category; written as in the column `category`.",
        ),
        "new_categories_visible": option(
            True, "New categories are visible", "Otherwise students don't see them.", section=CATEGORY_PARAMS
        ),
        "protect_category": option(
            False, "Never move courses", "A course that exists stays in its category.", section=CATEGORY_PARAMS
        ),
    },
)
