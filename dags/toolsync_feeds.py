"""Packages of a system of student records: OneRoster or Canvas SIS, as ZIP archives, become runs of the types.

A package is one ZIP archive of CSV files, as such systems export them: **OneRoster 1.1 and 1.2 CSV** (with `manifest.csv`, `bulk` or `delta`) or
**Canvas SIS CSV**. It is checked as a whole, its files and the references between them; then it becomes command files of our own, by a mapping that
people edit (`include/feeds/oneroster.yaml`, `canvas.yaml`): schools → categories, classes → courses, people → accounts, enrolments with roles and
dates. What of a package becomes what is in docs/packages.md, the whole story in docs/feeds.md.

## The runs

Each command file becomes an upload of its type and a run of that type's DAG, one after the other: courses, accounts, cohorts, groups, enrolments.
So everything is as if the file had been uploaded there: its Params are those of `include/toolsync.yaml` with those of the mapping, a plan waits for its
approval, it has a report, a tryback, an undo bundle. The run here waits, without holding a worker.

A type has failed when its file was rejected or too many of its lines failed (`fail_over`); what needs it is not run then, in the order of
`toolsync_all`. A run that died is gone on with: clear what failed in its DAG, then the task `execute` here. A DAG of a type that is paused is told,
and nothing more is started.

## A part of a package

A tryback, or any package with Param `part`, is a part of one: Params that take it for the whole (`mode`, `data_set` and what belongs to them) are left out.

## The report

One for the package: what became of each command file, with the report of its run, and each problem with the file of the package and the line there.
The tryback is a package of its own form with what failed, to be corrected and dropped again. To undo all of it, the report names the runs for
`toolsync_undo`.

## Simulating

With Param `simulate` each file is simulated by itself, and rolled back. So no file sees what the files before it would have made: the enrolment of an
account that is only in this package fails in the simulation.

## Example

```text
Read: oneroster 1.2: 3 lines of courses, 12 lines of users, 14 lines of enrolments
29 lines: 28 created, 1 failed
Runs of the types, in their order:
  courses: done.
    nightly_courses.csv: 3 lines, 3 created. Report: cabinet/courses/report/nightly_courses_20261129-040012-118240-51ce_report.txt
  …
Problems:
  users.csv, line 5, column email 'ada': …
```
"""

from airflow.sdk import DAG

from toolsync.feed_dags import feed_dags
from toolsync.operators.packages import PACKAGES
from toolsync.pipeline import FILE, command_file_dags, option

dags: list[DAG] = [
    *command_file_dags(
        "feeds",
        doc=__doc__,
        title="Packages",
        tags=["feed"],
        changes=None,
        steps=PACKAGES,
        params={
            "part": option(
                False,
                "A part of a package",
                "The package has a part of the data only: nothing that it lacks is taken as gone, and it is compared with no package before. "
                "A tryback is known as one.",
                section=FILE,
            )
        },
    ),
    *feed_dags(),
]
