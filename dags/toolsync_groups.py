"""Groups and groupings of courses from a file: create, update, delete.

Drop a CSV file into the cabinet's `groups/inbox`, or paste its rows when you trigger this DAG. Each line is about one group or grouping
(column `type`) of one course. Lines that fail come back in `groups/tryback`, the file moves to `groups/archive`, and `groups/report` says
what became of every line. For the members of groups there is `toolsync_group_members`.

## What a line does

| line | effect |
|---|---|
| `cmd` is `add` (default) | creates the group or grouping. If the course has one of that `name`, it is not changed |
| the same, with `grouping` | also puts the group into that grouping, which must exist: put its line first |
| the same, with `groupingname` | also puts the group into the grouping of that name, and makes it if it is missing |
| the same, with `selfgrouping` | also makes a grouping with the group's name, and puts the group into it |
| the same, with `updateid` | updates the group or grouping that `updateid` names: the columns of the file, no others. If the course has none with that key, the line fails |
| `cmd` is `del` | deletes the group or grouping that `updateid` names; without `updateid`, the one with that `idnumber`; without that, the one of that `name`. A group's members and overrides go with it; the groups of a grouping stay |

An absent column leaves the stored value alone; an empty cell clears `idnumber`, `description` and `enrolmentkey`. Groups are always looked
up in the course of the line.

## Which one is meant

A new name or idnumber is compared exactly: `Team 🐱` and `Team 🐶`, `Red` and `red` are two groups, as in Moodle. So the course decides what a line
without `updateid` does:

| a group of that name | the line's `idnumber` | `add` |
|---|---|---|
| none | empty, or nobody's | creates the group |
| none | another group's | fails, as Moodle's `idnumbertaken` |
| one | empty, or its own | `unchanged` |
| one | nobody's | `unchanged`, and a note that it differs: `updateid` changes it |
| one | another group's | fails: the line names two groups |
| several | any | fails, and says how many |

| `updateid` names | the line's `name` or `idnumber` | the line |
|---|---|---|
| nothing in this course, or several | any | fails |
| a group | absent, or its own | updates the other columns |
| a group | nobody's | renames it, or changes its idnumber |
| a group | another group's | fails |

| `del` without `updateid` | does |
|---|---|
| `idnumber` is that of a group | deletes it; fails if the line's `name` is another group's |
| `idnumber` is nobody's | fails, even if there is a group of that name |
| `idnumber` is empty | deletes the group of that name; fails if there is none, or several |

For groupings, the same holds among groupings. Where a group has to be there (`updateid`, `del`, `grouping`), one that differs in letter case alone is
found if none is written exactly so. What is put into a grouping may be new or not.

## Files for Moodle's own import of groups

`groupname`, `coursename`, `groupidnumber`, `description`, `enrolmentkey` and `groupingname` mean what they mean there; `enablemessaging` and `lang` are
ignored, and the report says so. Three things differ: `coursename` is needed, since a file is not imported into one course; `idnumber` is that of the
group, not the course's, so remove that column; and a group whose idnumber another one has fails, where Moodle's import makes it without idnumber.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## Example

```csv
cmd,courseid,type,name,idnumber,description,grouping
add,C101,grouping,Shifts,SHIFTS,All shifts,
add,C101,group,Morning shift,SHIFT1,From 8 to 12,SHIFTS
add,C101,group,Evening shift,SHIFT2,From 16 to 20,SHIFTS
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params
from toolsync.pipeline import choice, command_file_dags, courses_found_by

FOUND = "Identifiers"

dags: list[DAG] = command_file_dags(
    "groups",
    title="Groups",
    doc=__doc__,
    changes="moodle_groups",
    tags=["groups"],
    params={
        "course_id_field": courses_found_by(
            "What column `courseid` contains.",
            section=FOUND,
        ),
        "group_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Find groups by",
            "What column `updateid` contains in the line of a group.",
            section=FOUND,
        ),
        "grouping_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Find groupings by",
            "What column `updateid` contains in the line of a grouping.",
            section=FOUND,
        ),
        **data_set_params(),
    },
)
