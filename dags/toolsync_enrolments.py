"""Enrolments from a file: people into courses and out of them, with roles and groups.

Drop a CSV file into the cabinet's `enrolments/inbox`, or paste its rows when you trigger this DAG. Each line is about one person in one
course. Lines that fail come back in `enrolments/tryback`, the file moves to `enrolments/archive`, and `enrolments/report` says what became
of every line.

## What a line does

| `cmd` | effect |
|---|---|
| `add` (default) | enrols the person by that method, with the role. An existing enrolment becomes active, takes the dates that are given, and gets the role added |
| `del` (or `delete`) | removes that enrolment, whatever its role. If it was the person's last one in the course, their roles, groups, grades and last access there go, too; submissions and posts stay |
| `shift` | makes the role the only one that the person holds in the course through that method; enrolment, groups and grades stay |
| `enable`, `disable` | activates or suspends that enrolment; with `enrol` empty, every enrolment of the person in the course |

`enrol` names the method. With `-` the line is about the role alone: it is added, removed or made the only one, without an enrolment. A
method that the course does not have, or that is disabled there (see Param `use_disabled_instances`), fails the line: a role is never given
instead of an enrolment; so does `guest`, by which nobody is enrolled. People who are enrolled through a cohort or another course come and go
with those (`toolsync_cohorts`, `toolsync_course_meta_links`). Courses that follow by meta link follow at once.

Somebody who comes back gets the old grades back where the site says so (Moodle's setting "Recover grades default", `recovergradesdefault`, off
by default), by whatever Tool Sync enrols people: this DAG, accounts with courses, cohorts, meta links. See docs/operating.md.

| `gcmd` | effect, after the above |
|---|---|
| `gadd` | adds the person to the groups `g1`, `g2` …, which must exist |
| `gaddcreate` | the same, and creates missing groups |
| `greplace` | makes these the person's only groups in the course |
| `greplacecreate` | the same, and creates missing groups |
| `gdel` | removes the person from these groups |

Only enrolled people can be in a group. With Param `protect_groups`, memberships are marked as Tool Sync's own, and only marked ones are
ever removed. A line is done with all its parts or not at all: if a group is missing, the person is not enrolled either.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## A file that states the whole truth

With Param `mode` = `full`, the file states the whole truth about the enrolments by the default method in the courses that it names, or in a category
(Param `scope`): people whom it does not name leave these courses, or what Param `missing` says. Other methods and administrators are left alone. The run first
plans what would go; above the limits (`change_threshold`, `change_limit`), or if the file looks damaged, it waits until a person approves it. See
docs/whole-truth.md.

## Example

```csv
cmd,rolename,uid,cid,enrol,endtime,gcmd,g1
add,student,ada,C101,manual,2027-06-30,gaddcreate,Morning shift
shift,teacher,grace,C101,manual,,,
add,labassistant,mary,C101,-,,,
del,,alan,C101,manual,,,
```
"""

from airflow.sdk import DAG, Param

from toolsync.feed_params import data_set_params, whole_truth_params
from toolsync.operators.whole_truth import WHOLE_TRUTH
from toolsync.pipeline import choice, command_file_dags, courses_found_by, option, people_found_by

FOUND, ENROLMENTS, GROUPS = "Identifiers", "Enrolments", "Groups"

dags: list[DAG] = command_file_dags(
    "enrolments",
    title="Enrolments",
    doc=__doc__,
    changes="moodle_enrolments",
    tags=["enrolments"],
    steps=WHOLE_TRUTH,
    destructive=True,
    params={
        "user_id_field": people_found_by(
            "What column `uid` contains.",
            section=FOUND,
        ),
        "course_id_field": courses_found_by(
            "What column `cid` contains.",
            section=FOUND,
        ),
        "default_cmd": choice(
            "add",
            ["add", "del", "shift", "enable", "disable"],
            "Default command",
            "For files without column `cmd`, and for lines where it is empty.",
            section=ENROLMENTS,
        ),
        "default_method": Param(
            "manual",
            type="string",
            pattern="^(-|[a-z][a-z0-9_]{0,19})$",
            expected="an enrolment method such as manual, or -",
            section=ENROLMENTS,
            title="Default method",
            description="For lines where `enrol` is empty or absent: an enrolment method, or `-` for the role only.",
        ),
        "use_disabled_instances": option(
            False,
            "Use disabled methods",
            "Also enrol by methods that are disabled in the course. Otherwise such a line fails.",
            section=ENROLMENTS,
        ),
        "protect_groups": option(
            False,
            "Protect groups",
            "Mark group memberships as Tool Sync's own, and remove only those that are marked. People in Moodle can't remove marked members by hand, unless the plugin Tool Sync is installed there.",
            section=GROUPS,
        ),
        "purge_empty_groups": option(
            False,
            "Delete empty groups",
            "Afterwards, delete groups without members in the courses of the file.",
            section=GROUPS,
        ),
        **data_set_params(),
        **whole_truth_params("enrolments"),
    },
)
