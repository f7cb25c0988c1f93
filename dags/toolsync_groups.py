"""Groups and groupings of courses from a file: create, change, delete.

Drop a CSV file into the cabinet's `groups/inbox`, or paste its rows when you trigger this DAG. Each line is about one group, or one grouping (column `type`), of
one course. Lines that can't be done come back in `groups/tryback`, the file goes to `groups/archive`, and `groups/report` says what became of every line.
Who is in a group is the matter of `toolsync_group_members`.

## What a line does

| line | does |
|---|---|
| `cmd` is `add` (default) | creates the group or grouping. When the course has one of that `idnumber`, or else of that `name`, nothing of it changes |
| the same, with `grouping` | puts the group into that grouping too, which must exist: write its line first |
| the same, with `selfgrouping` | makes a grouping of the group's name too, with the group in it |
| the same, with `updateid` | changes the one that `updateid` names, the columns of the file and no others. When the course has none of that key, the line fails |
| `cmd` is `del` | deletes the one that `updateid` names; without it, the one of that `idnumber`, or else of that `name`. Members and overrides go with a group; the groups of a grouping stay |

An absent column leaves what is stored alone; an empty cell clears `idnumber`, `description` and `enrolmentkey`. Groups are always looked up in the course of the line.
Two groups of a course may not have the same name or idnumber. `idnumber` is the group's: in a file written for Moodle's own import, where that word is the course's, leave that column out.

## Example

    cmd,courseid,type,name,idnumber,description,grouping
    add,C101,grouping,Shifts,SHIFTS,All shifts,
    add,C101,group,Morning shift,SHIFT1,From 8 to 12,SHIFTS
    add,C101,group,Evening shift,SHIFT2,From 16 to 20,SHIFTS
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by

FOUND = "How things are found"

dag: DAG = command_file_dag(
    "groups",
    doc=__doc__,
    changes="moodle_groups",
    tags=["groups"],
    params={
        "course_id_field": courses_found_by(
            "What the column `courseid` holds.",
            section=FOUND,
        ),
        "group_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Groups are found by",
            "What the column `updateid` holds in the line of a group.",
            section=FOUND,
        ),
        "grouping_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Groupings are found by",
            "What the column `updateid` holds in the line of a grouping.",
            section=FOUND,
        ),
    },
)
