"""Courses and their categories from a file: create, update, move, rename.

Drop a CSV file into the cabinet's `courses/inbox`, or paste its rows when you trigger this DAG. Each line is about one course, found by its
`shortname` (or as Param `course_id_field` says). Lines that can't be done come back in `courses/tryback`, the file goes to `courses/archive`, and
`courses/report` says what became of every line.

## What a line does

| line | does |
|---|---|
| the course does not exist | creates it: `shortname`, `fullname` and a category are needed. It gets its sections, blocks, enrolment methods and Announcements forum as the site's defaults have them; columns that are absent take the site's course defaults |
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

Copying a course from a template, deleting courses and resetting them are not this DAG's work: a file with a column for that is rejected.

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
