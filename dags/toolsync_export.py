"""The site as command files that change nothing there.

Say what you want, and this DAG writes the accounts, courses, cohorts, enrolments, groups and group members that the site has as command files:
one for each type, in the folder `export` of the type (`users/export`). Applied to the same site, every line of it is `unchanged`. It is what a first
data set is made of, what you change by the thousand in a spreadsheet, and what another site is filled from. The site is only read, as it is at one
moment, without locking anything.

A file is never put into an inbox: read it, then drop it where it is meant. It begins with comments that say when it was made, with which Params it has
to be applied, and what it does not hold. Passwords, enrolment keys, the guest, deleted accounts and the front page are in no file.

| `what` | a line is |
|---|---|
| `courses` | a course with its category, settings, tags, custom fields, and what roles are called there |
| `users` | an account with its profile fields and interests |
| `cohorts` | a cohort; people in cohorts are in a second file, which ends in `_2` |
| `enrolments` | a person in a course with a role, by any method but `cohort` and `meta`; or a role without an enrolment |
| `groups` | a grouping, or a group in a grouping |
| `group_members` | a person in a group, unless an enrolment method put it there |
| `cohort_bindings` | a cohort that a course takes its people from |
| `course_meta_links` | a course that another takes its people from |

## What a file can't say

Some values can't be written in a command file: spaces at an end and carriage returns, which are not kept; values that the type itself would refuse. An
empty cell stands for such a value where that leaves the site as it is. Otherwise the line goes into a file of its own, `…_2.csv`, that lacks the column.
A line whose thing can't be named (it has no idnumber, or another has the same) is left out. All of these are in the comments with their number, and one
by one in the table `…_left_out.csv`.

## Suspended enrolments

A line `add` makes an enrolment active, so a suspended one is written as `disable`, and one without a role as `enable`: they name the enrolment and
change nothing. With Param `for_another_site`, a suspended enrolment is two lines, `add` and `disable`, since the other site has to make it first.

## Example

```csv
# A file for toolsync_enrolments, made by toolsync_export at 2026-11-25 09:30 UTC, run manual__2026-11-25T09:30:00+00:00
# From moodle at db.example.org:3306, Moodle 5.1
# Scope: categories Humanities with subcategories
# Apply it with Params {"user_id_field": "username", "course_id_field": "shortname", "use_disabled_instances": false}: there it changes nothing
# 2 lines
cmd,rolename,uid,cid,enrol,starttime,endtime
add,student,ada,HIS1,manual,2026-09-01T00:00:00+02:00,0
disable,,grace,HIS1,manual,,
```
"""

from airflow.sdk import DAG, Param

from toolsync.operators.export import ExportOperator
from toolsync.operators.export_types import TYPES
from toolsync.pipeline import choice, courses_found_by, for_each_site, option, tasks_of, toolsync_dag
from toolsync.sites import Site

WHAT, COURSES, PEOPLE = "What", "Which courses", "Which people and cohorts"


def filter_param(title: str, description: str, *, section: str) -> Param:
    """A text Param that may stay empty."""
    return Param("", type=["null", "string"], section=section, title=title, description=description)


params = {
    "what": Param(
        ["users"],
        type="array",
        items={"type": "string", "enum": list(TYPES)},
        examples=list(TYPES),
        section=WHAT,
        title="What to export",
        description="The types to write files for.",
    ),
    "for_another_site": option(
        False,
        "For another site",
        "The files are for a site that does not have these things: enrolments that are suspended are made first, and nothing names an id.",
        section=WHAT,
    ),
    "user_id_field": choice(
        "username",
        ["username", "idnumber", "email", "id"],
        "Name accounts by",
        "What columns with people contain.",
        section=WHAT,
    ),
    "course_id_field": courses_found_by("What columns with courses contain.", section=WHAT),
    "cohort_id_field": choice(
        "idnumber", ["idnumber", "name", "id"], "Name cohorts by", "What columns with cohorts contain.", section=WHAT
    ),
    "group_id_field": choice(
        "name", ["name", "idnumber", "id"], "Name groups by", "What a file of group members contains.", section=WHAT
    ),
    "category_id_field": choice(
        "path",
        ["path", "idnumber", "id"],
        "Name categories by",
        "What columns with categories contain, and Param `categories`: the names from the top down, separated by ` / `; idnumbers; or ids.",
        section=WHAT,
    ),
    "use_disabled_instances": option(
        False,
        "Use disabled methods",
        "Also enrolments by methods that are disabled in the course or on the site. The file has to be applied with the same Param.",
        section=WHAT,
    ),
    "categories": Param(
        "",
        type=["null", "string"],
        format="multiline",
        section=COURSES,
        title="Categories",
        description="Courses in these, and cohorts of these: one on each line. Empty: any.",
    ),
    "subcategories": option(True, "With subcategories", "Also what is in categories below these.", section=COURSES),
    "shortname": filter_param("Short name", "A pattern, such as `2025-*`.", section=COURSES),
    "fullname": filter_param("Full name", "A pattern, such as `*test*`.", section=COURSES),
    "idnumber": filter_param("Idnumber", "A pattern, such as `P-*`.", section=COURSES),
    "method": filter_param(
        "Enrolment method",
        "Enrolments by this method, such as `manual`; `-`: roles without an enrolment.",
        section=COURSES,
    ),
    "auth": filter_param("Authentication method", "Accounts with this one, such as `manual`.", section=PEOPLE),
    "profile_field": filter_param(
        "Profile field", "Accounts with this value of a profile field: `shortname=value`.", section=PEOPLE
    ),
    "in_cohort": filter_param("In the cohort", "Accounts in the cohort with this idnumber.", section=PEOPLE),
    "suspended": choice(
        "any", ["any", "yes", "no"], "Suspended accounts", "Whether accounts are suspended.", section=PEOPLE
    ),
    "cohort_idnumber": filter_param(
        "Cohorts", "Cohorts whose idnumber matches a pattern, such as `2025-*`.", section=PEOPLE
    ),
}


def export(site: Site) -> DAG:
    dag: DAG = toolsync_dag(site, "export", doc=__doc__, params=params, title="Export", tags=["export"])
    with tasks_of(dag):
        ExportOperator(task_id="export", site=site)
    return dag


dags = for_each_site("export", export)
