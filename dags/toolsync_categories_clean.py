"""Empty categories deleted.

This DAG takes no file from you. It looks for empty categories in the whole site, or only in the category with the idnumber of Param
`root_category_id_number`, itself included, and below. It writes them into a command file of its own, subcategories before the categories
that hold them, and processes that file like that of any other type: afterwards `categories_clean/archive` holds the file, and
`categories_clean/report` says what became of each category. If no category is empty, the run is skipped.

## What is empty

A category is empty if it holds no course (hidden ones count), no other category, and nothing that somebody would miss: no cohort, question,
item in the content bank, course in the recycle bin, course request, competency framework, learning plan template or payment account. The
log of the task `collect` lists the categories that are kept although they hold no courses, and what they hold.

Role assignments and permission overrides in a category, its blocks, calendar events and grade letters, and the files of its description
don't keep it: they are deleted with it, as in Moodle.

| Param `whole_branches` | what is deleted |
|---|---|
| no | the categories that are empty now; categories that become empty that way are deleted by the next run |
| yes | whole branches, too: categories that hold nothing but categories that are deleted |

Each category is checked once more when it is deleted. If somebody has put something into it since, it stays, and its line in the report
says what it holds. One category of the site always stays. If the category for course requests is deleted, the first remaining category
takes its place. The order of the other categories does not change.

## The site's caches

While a deleted category is still in the caches, the course index is an error page for everyone. So this DAG does nothing without the
connection `moodle_cli`, which it needs to purge them (docs/settings.md#connection-moodle_cli), unless Param `accept_stale_caches` says that
somebody purges them by hand right after the run. The report gives the command.

## Example

```csv
id,path
8,Empty branch / Empty leaf
7,Empty branch
```
"""

from airflow.sdk import DAG, Param

from toolsync.operators.clean_categories import CATEGORIES
from toolsync.pipeline import OPTIONS, command_file_dags, option

dags: list[DAG] = command_file_dags(
    "categories_clean",
    title="Categories: clean up",
    doc=__doc__,
    changes="moodle_courses",
    tags=["courses"],
    steps=CATEGORIES,
    destructive=True,
    params={
        "root_category_id_number": Param(
            "",
            type=["null", "string"],
            section=OPTIONS,
            title="Idnumber of a category",
            description="Clean only this category and those below it. Empty: the whole site.",
        ),
        "whole_branches": option(
            False,
            "Whole branches",
            "Also delete categories that hold nothing but categories that are deleted. Otherwise only what is empty now.",
        ),
        "accept_stale_caches": option(
            False,
            "Delete without purging the caches",
            "Run even without the connection `moodle_cli`. Somebody must then purge the site's caches by hand, or the course index is an error page.",
        ),
    },
)
