"""Members of groups from a file: people into groups of their courses and out of them.

Drop a CSV file into the cabinet's `group_members/inbox`, or paste its rows when you trigger this DAG. Each line is about one person in one group of one course.
Lines that can't be done come back in `group_members/tryback`, the file goes to `group_members/archive`, and `group_members/report` says what became of every line.

## What a line does

| `cmd` | does |
|---|---|
| `add` (default) | puts the person into the group. A member already: `unchanged` |
| `shift` | the same, and takes the person out of every other group of the course |
| `del` | takes the person out of the group. Not a member: `unchanged` |

The group is looked up in the course of the line. Only people who are enrolled in that course can be in its groups; anybody else fails the line. A member's place in the group's conversation comes and goes with it.

## Example

    cmd,courseid,groupid,userid
    add,C101,SHIFT1,ada
    shift,C101,SHIFT2,grace
    del,C101,SHIFT1,alan
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by, people_found_by

FOUND, AFTER = "How things are found", "Afterwards"

dag: DAG = command_file_dag(
    "group_members",
    doc=__doc__,
    changes="moodle_group_members",
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
            "What the column `groupid` holds.",
            section=FOUND,
        ),
        "user_id_field": people_found_by(
            "What the column `userid` holds.",
            section=FOUND,
        ),
        "purge_empty": choice(
            "none",
            ["none", "groups", "all"],
            "Delete what is empty",
            "In the courses named in the file: nothing, groups without members, or these and then groupings without a group.",
            section=AFTER,
        ),
    },
)
