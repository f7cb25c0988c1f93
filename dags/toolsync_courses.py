"""Courses and their categories from a file: create, copy from templates, update, move, rename.

Drop a CSV file into the cabinet's `courses/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, found by its
`shortname` (or as Param `course_id_field` says). Lines that can't be done come back in `courses/tryback`, the file goes to `courses/archive`, and
`courses/report` says what became of every line.

## What a line does

| line | does |
|---|---|
| the course does not exist | creates it: `shortname`, `fullname` and a category are needed. It gets its sections, blocks, enrolment methods and Announcements forum as the site's defaults have them; columns that are absent take the site's course defaults |
| … with a `template` | copies that course: see below |
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

The course is copied as it is at that moment, in one snapshot, and nobody who works in it has to wait. (The original tool restored the newest backup kept in the course's backup area.) A template that an earlier line makes may be used by
a later one. A template with an activity, a question type or the like of a plugin that Tool Sync does not know fails the line, by name: see `include/course_graph/README.md`.

## Example

    shortname,fullname,category,startdate,enddate,format,numsections,topic1,teacher1_account
    PHY201,"Physics II, waves",Science / Physics,2026-09-01,2027-06-30,topics,8,Waves|<p>Sound and light</p>,ada
    ROB1,Robots I,Engineering / Robotics / Year 1,2026-09-01,2027-06-30,weeks,30,,grace
"""

from airflow.sdk import DAG, Param

from toolsync.pipeline import choice, command_file_dag, courses_found_by, option

COURSES, CATEGORIES = "Courses", "Categories"

dag: DAG = command_file_dag(
    "courses",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    params={
        "course_id_field": courses_found_by(
            "The column that says which course a line is about.",
            section=COURSES,
        ),
        "force_update": option(
            False, "Update courses that exist", "Otherwise they are left as they are.", section=COURSES
        ),
        "user_id_field": choice(
            "username",
            ["username", "idnumber", "email", "id"],
            "Teachers are found by",
            "What the columns `teacher1_account`, `teacher2_account` … hold.",
            section=COURSES,
        ),
        "category_id_field": choice(
            "path",
            ["path", "idnumber", "id"],
            "Categories are found by",
            "What the column `category` holds: names from the top down, cut by ` / `; an idnumber; or an id.",
            section=CATEGORIES,
        ),
        "default_category": Param(
            "",
            type=["null", "string"],
            section=CATEGORIES,
            title="Default category",
            description="Where new courses go whose line names no category; written as in the column `category`.",
        ),
        "new_categories_visible": option(
            True, "New categories are visible", "Otherwise students don't see them.", section=CATEGORIES
        ),
        "protect_category": option(
            False, "Never move courses", "A course that exists stays in its category.", section=CATEGORIES
        ),
    },
)
