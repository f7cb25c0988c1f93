"""Courses that take their people from other courses, from a file: meta links.

Drop a CSV file into the cabinet's `course_meta_links/inbox`, or paste its rows when you trigger this DAG. Each line is about one pair of
courses, the enrolment method that Moodle calls *Course meta link*. Lines that fail come back in `course_meta_links/tryback`, the file moves
to `course_meta_links/archive`, and `course_meta_links/report` says what became of every line.

## What a line does

| `cmd` | effect |
|---|---|
| `add` (default) | links the course `meta` to the course `master`: everyone enrolled in `master` is enrolled in `meta` at once, with the roles that the site's settings sync, and `meta` follows from then on. An existing link: `unchanged`; a disabled one is enabled |
| `del` | disables the link: enrolments stay, roles go |
| `fulldel` | removes the link with the enrolments and roles that came from it, as Moodle does |

A course can't be linked to itself. `del` and `fulldel` fail if the link does not exist.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## Example

```csv
master,meta,cmd
C101,C104,add
C102,C104,fulldel
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params
from toolsync.pipeline import command_file_dags, courses_found_by

dags: list[DAG] = command_file_dags(
    "course_meta_links",
    title="Course meta links",
    doc=__doc__,
    changes="moodle_course_meta_links",
    tags=["courses", "enrolments"],
    params={
        "course_id_field": courses_found_by(
            "What columns `master` and `meta` contain.",
            section="Identifiers",
        ),
        **data_set_params(),
    },
)
