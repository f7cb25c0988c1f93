"""Groups and groupings of courses from a file: create, update, delete.

Drop a CSV file into the cabinet's `groups/inbox`, or paste its rows when you trigger this DAG. Each line is about one group or grouping
(column `type`) of one course. Lines that fail come back in `groups/tryback`, the file moves to `groups/archive`, and `groups/report` says
what became of every line. For the members of groups there is `toolsync_group_members`.

## What a line does

| line | effect |
|---|---|
| `cmd` is `add` (default) | creates the group or grouping. If the course has one with that `idnumber`, or else with that `name`, it is not changed |
| the same, with `grouping` | also puts the group into that grouping, which must exist: put its line first |
| the same, with `selfgrouping` | also makes a grouping with the group's name, and puts the group into it |
| the same, with `updateid` | updates the group or grouping that `updateid` names: the columns of the file, no others. If the course has none with that key, the line fails |
| `cmd` is `del` | deletes the group or grouping that `updateid` names; without `updateid`, the one with that `idnumber`, or else with that `name`. A group's members and overrides go with it; the groups of a grouping stay |

An absent column leaves the stored value alone; an empty cell clears `idnumber`, `description` and `enrolmentkey`. Groups are always looked
up in the course of the line. Two groups of a course can't have the same name or idnumber. `idnumber` is that of the group: in Moodle's own
import files it is the course's, so remove that column from a file written for Moodle.

## Example

    cmd,courseid,type,name,idnumber,description,grouping
    add,C101,grouping,Shifts,SHIFTS,All shifts,
    add,C101,group,Morning shift,SHIFT1,From 8 to 12,SHIFTS
    add,C101,group,Evening shift,SHIFT2,From 16 to 20,SHIFTS
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by

FOUND = "Identifiers"

dag: DAG = command_file_dag(
    "groups",
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
    },
)
