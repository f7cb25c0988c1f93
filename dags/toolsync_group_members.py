"""Group members from a file: people into groups of their courses and out of them.

Drop a CSV file into the cabinet's `group_members/inbox`, or paste its rows when you trigger this DAG. Each line is about one person in one
group of one course. Lines that fail come back in `group_members/tryback`, the file moves to `group_members/archive`, and
`group_members/report` says what became of every line.

## What a line does

| `cmd` | effect |
|---|---|
| `add` (default) | adds the person to the group. Already a member: `unchanged` |
| `shift` | the same, and removes the person from every other group of the course |
| `del` | removes the person from the group. Not a member: `unchanged` |

The group is looked up in the course of the line. Only people who are enrolled in that course can be in its groups; for anyone else the line
fails. Membership of the group's conversation follows.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## A file that states the whole truth

With Param `mode` = `full`, the file states the whole truth about the members of all groups of the courses that it names, or of a category (Param
`scope`): whoever is not in it leaves the group, or what Param `missing` says. Memberships that a plugin made and administrators are left alone. The run first
plans what would go; above the limits (`change_threshold`, `change_limit`), or if the file looks damaged, it waits until a person approves it. See
docs/whole-truth.md.

## Example

```csv
cmd,courseid,groupid,userid
add,C101,SHIFT1,ada
shift,C101,SHIFT2,grace
del,C101,SHIFT1,alan
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params, whole_truth_params
from toolsync.operators.whole_truth import WHOLE_TRUTH
from toolsync.pipeline import choice, command_file_dags, courses_found_by, people_found_by

FOUND, AFTER = "Identifiers", "Afterwards"

dags: list[DAG] = command_file_dags(
    "group_members",
    title="Group members",
    doc=__doc__,
    changes="moodle_group_members",
    tags=["groups"],
    steps=WHOLE_TRUTH,
    destructive=True,
    params={
        "course_id_field": courses_found_by(
            "What column `courseid` contains.",
            section=FOUND,
        ),
        "group_id_field": choice(
            "idnumber",
            ["idnumber", "name", "id"],
            "Find groups by",
            "What column `groupid` contains.",
            section=FOUND,
        ),
        "user_id_field": people_found_by(
            "What column `userid` contains.",
            section=FOUND,
        ),
        "purge_empty": choice(
            "none",
            ["none", "groups", "all"],
            "Delete empty groups",
            "Afterwards, in the courses of the file: `groups` deletes groups without members, `all` also groupings without groups.",
            section=AFTER,
        ),
        **data_set_params(),
        **whole_truth_params("group_members"),
    },
)
