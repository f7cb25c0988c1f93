"""Empty course categories go.

This DAG takes no file of yours. It looks for empty categories, below the category whose idnumber Param `root_category_id_number` says (and that one too), or on the whole site; writes them
into a command file of its own, those that are in others first; and goes on with it as every type does: the file is in `categories_clean/archive` afterwards and says what was
cleaned, `categories_clean/report` says what became of each category. When none is empty, the run is skipped.

## What is empty

A category is empty when there is no course in it (hidden ones count), no other category, and nothing that a person would miss: no cohort, question, item of the content bank, course in the recycle bin,
request for a course, competency framework, learning plan template or payment account. The log of the task `collect` names the categories without courses that stay, and what they hold.

Role assignments and permissions in a category, its blocks, calendar events and grade letters, and the files of its description are nothing that keeps it: they go with it, as in Moodle.

| Param `whole_branches` | goes |
|---|---|
| no | what is empty now: the next run takes the categories that this one emptied |
| yes | whole branches, too: a category with nothing in it but categories that go |

What is empty is looked at once more when it is deleted: a category where somebody has put something since stays, and its line in the report says what it holds. One category of the site
always stays. When the one where requests for courses go is deleted, they go to the first that is left. The order of the others does not change.

## The site's caches

While a deleted category is in the caches, the course index is an error page for everybody. So this DAG does nothing at all without the connection `moodle_cli`, by which it purges them (`docs/settings.md`),
unless Param `accept_stale_caches` says that somebody purges them by hand right after. The report gives the command.

## Example

    id,path
    8,Empty branch / Empty leaf
    7,Empty branch
"""

from airflow.sdk import DAG, Param

from toolsync.operators.clean_categories import CATEGORIES
from toolsync.pipeline import OPTIONS, command_file_dag, option

dag: DAG = command_file_dag(
    "categories_clean",
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
            description="Only this category and those below it are looked at. Empty: the whole site.",
        ),
        "whole_branches": option(
            False,
            "Whole branches",
            "Categories with nothing in them but categories that go, go too. Otherwise only what is empty now.",
        ),
        "accept_stale_caches": option(
            False,
            "Delete without purging the caches",
            "Without the connection `moodle_cli`, too: then somebody must purge the site's caches by hand, or the course index is an error page.",
        ),
    },
)
