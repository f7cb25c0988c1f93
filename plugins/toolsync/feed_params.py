"""The Params of files that other systems export: what a file that states the whole truth does."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from toolsync.pipeline import choice, option

EXPORT = "The whole export"  # a section of the trigger form
# What may happen to what a file of the type does not name, the default first.
MISSING = {
    "users": ["suspend", "delete", "report"],
    "enrolments": ["remove", "suspend", "report"],
    "cohorts": ["remove", "report"],
    "group_members": ["remove", "report"],
}
WHAT = {
    "users": ("Accounts that are not in the file", "accounts of the scope"),
    "enrolments": ("Enrolments that are not in the file", "enrolments of the scope, by the default method,"),
    "cohorts": ("Members who are not in the file", "members of the cohorts that the file names"),
    "group_members": ("Members who are not in the file", "members of the groups of the scope"),
}
DOES = {
    "suspend": "`suspend` suspends them",
    "delete": "`delete` deletes them",
    "remove": "`remove` takes them out",
    "report": "`report` lists them beside the report and does nothing",
}


def whole_truth_params(file_type: str) -> dict[str, Param]:
    """The Params of a type whose files may state the whole truth.

    :param file_type: one of `MISSING`.
    """
    title, what = WHAT[file_type]
    does = "; ".join(DOES[value] for value in MISSING[file_type])
    return {
        "mode": choice(
            "lines",
            ["lines", "full"],
            "Mode",
            "`lines`: what the file does not name stays as it is. `full`: the file is the whole truth; what the site has within the scope and the file "
            "does not name goes.",
            section=EXPORT,
        ),
        "missing": choice(
            MISSING[file_type][0],
            MISSING[file_type],
            title,
            f"With mode `full`, what becomes of {what} that the file does not name: {does}.",
            section=EXPORT,
        ),
        **_SCOPES.get(file_type, dict)(),
        "change_threshold": Param(
            10,
            type=["null", "number"],
            minimum=0,
            maximum=100,
            section=EXPORT,
            title="Ask above per cent",
            description="With mode `full`: if more than this part of the scope would go, a person has to approve it. Empty: no matter.",
        ),
        "change_limit": Param(
            None,
            type=["null", "integer"],
            minimum=0,
            section=EXPORT,
            title="Ask above number",
            description="With mode `full`: if more than so many would go, a person has to approve it. Empty: no matter.",
        ),
        "require_approval": option(
            False,
            "Wait for approval",
            "With mode `full`: if anything would go, the run shows it and waits until a person approves it. Off: only above the limits.",
            section=EXPORT,
        ),
    }


def _of_accounts() -> dict[str, Param]:
    return {
        "scope_auth": _text(
            "Scope: authentication method",
            "With mode `full`: the file is the whole truth about accounts with this authentication method, such as `manual` or `ldap`. Required then.",
            pattern="^[a-z0-9_]{0,20}$",
            expected="the name of an authentication method such as manual",
        ),
        "scope_profile_field": _text(
            "Scope: profile field",
            "Only about accounts with this value in a custom profile field: `shortname=value`. Empty: no matter.",
            pattern="^([A-Za-z0-9_]+=.*)?$",
            expected="a short name and a value such as school=North",
        ),
        "scope_cohort": _text(
            "Scope: cohort", "Only about members of the cohort with this idnumber. Empty: no matter."
        ),
    }


def _of_courses() -> dict[str, Param]:
    return {
        "scope": choice(
            "courses",
            ["courses", "category"],
            "Scope",
            "With mode `full`: `courses`: the courses that the file names; `category`: all courses of a category and of those below it.",
            section=EXPORT,
        ),
        "scope_category": _text("Scope: category", "The category, with scope `category`."),
        "category_id_field": choice(
            "path",
            ["path", "idnumber", "id"],
            "Find the category by",
            "What Param `scope_category` contains. A path is names divided by ` / `.",
            section=EXPORT,
        ),
    }


def _text(title: str, description: str, **schema: Any) -> Param:
    return Param("", type=["null", "string"], section=EXPORT, title=title, description=description, **schema)


_SCOPES = {"users": _of_accounts, "enrolments": _of_courses, "group_members": _of_courses}
