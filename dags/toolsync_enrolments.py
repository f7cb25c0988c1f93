"""Enrolments from a file: people into courses and out of them, with roles and groups.

Drop a CSV file into the cabinet's `enrolments/inbox`, or paste its rows when you trigger this DAG. Each line is about one person in one course.
Lines that can't be done come back in `enrolments/tryback`, the file goes to `enrolments/archive`, and `enrolments/report` says what became of every line.

## What a line does

| `cmd` | does |
|---|---|
| `add` (default) | enrols the person by that method, with the role. Enrolled already: makes the enrolment active, sets the dates that are given, adds the role |
| `del` (or `delete`) | removes that enrolment, whatever its role. The last one in the course takes the person's roles, groups, grades and last access there with it; what they handed in or wrote stays |
| `shift` | the role becomes the only one that the person holds in the course through that method; enrolment, groups and grades stay |
| `enable`, `disable` | makes that enrolment active, or suspends it; with `enrol` empty, every enrolment of the person in the course |

`enrol` names the method. With `-` the line is about the role only: it is given, taken or made the only one, and no enrolment is touched. A method that the course
doesn't have, or that is disabled there (Param `use_disabled_instances`), fails the line: a role is never given instead of an enrolment. People whom a cohort or another course
brings in come and go with those (`toolsync_cohorts`, `toolsync_course_meta_links`). Courses that follow by meta link follow at once.

| `gcmd` | does, after the above |
|---|---|
| `gadd` | puts the person into the groups `g1`, `g2` …, which must exist |
| `gaddcreate` | the same; missing groups are created |
| `greplace` | the person's groups in the course become exactly these |
| `greplacecreate` | the same; missing groups are created |
| `gdel` | takes the person out of these groups |

Only people who are enrolled can be in a group. With Param `protect_groups` the memberships are marked as Tool Sync's own, and only marked ones are ever removed.
A line is done wholly or not at all: when a group is missing, nobody is enrolled either.

## Example

    cmd,rolename,uid,cid,enrol,endtime,gcmd,g1
    add,student,ada,C101,manual,2027-06-30,gaddcreate,Morning shift
    shift,teacher,grace,C101,manual,,,
    add,labassistant,mary,C101,-,,,
    del,,alan,C101,manual,,,
"""

from airflow.sdk import DAG, Param

from toolsync.pipeline import choice, command_file_dag, courses_found_by, option, people_found_by

FOUND, ENROLMENTS, GROUPS = "How things are found", "Enrolments", "Groups"

dag: DAG = command_file_dag(
    "enrolments",
    doc=__doc__,
    changes="moodle_enrolments",
    tags=["enrolments"],
    params={
        "user_id_field": people_found_by(
            "What the column `uid` holds.",
            section=FOUND,
        ),
        "course_id_field": courses_found_by(
            "What the column `cid` holds.",
            section=FOUND,
        ),
        "default_cmd": choice(
            "add",
            ["add", "del", "shift", "enable", "disable"],
            "Default command",
            "Of a file without the column `cmd`, and of lines where it is empty.",
            section=ENROLMENTS,
        ),
        "default_method": Param(
            "manual",
            type="string",
            pattern="^(-|[a-z][a-z0-9_]{0,19})$",
            section=ENROLMENTS,
            title="Default method",
            description="Of lines where `enrol` is empty or absent: an enrolment method, or `-` for the role only.",
        ),
        "use_disabled_instances": option(
            False,
            "Use disabled methods",
            "Enrol by methods that are disabled in the course, too; otherwise such a line fails.",
            section=ENROLMENTS,
        ),
        "protect_groups": option(
            False,
            "Protect groups",
            "Mark group memberships as Tool Sync's own, and remove none but those that are marked.",
            section=GROUPS,
        ),
        "purge_empty_groups": option(
            False,
            "Delete empty groups",
            "Afterwards, delete the groups without members of the courses named in the file.",
            section=GROUPS,
        ),
    },
)
