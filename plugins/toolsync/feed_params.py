"""The Params of files that state what another system has: "The whole export" of the trigger form."""

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


def data_set_params() -> dict[str, Param]:
    """The Params of a type whose files may be compared with the last one."""
    return {
        "data_set": Param(
            "",
            type=["null", "string"],
            pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,59})?$",
            expected="a name of at most 60 letters, digits and signs . _ -, which does not begin with a dot, or an empty text",
            section=EXPORT,
            title="Data set",
            description="A name for what the file is an export of, `sis`. The file is compared with the last one that was applied under that name, and lines "
            "that are the same don't run. Empty: all lines run.",
        ),
        "verify": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            examples=["1", "7"],
            section=EXPORT,
            title="Verify",
            description="Apply the whole file all the same: 1 now, 7 on every 7th run of the data set. So the site gets back what somebody has changed there.",
        ),
        "least_lines": Param(
            None,
            type=["null", "number"],
            minimum=0,
            maximum=100,
            examples=["80", "95"],
            section=EXPORT,
            title="Least lines",
            description="A file with fewer lines than so many per cent of the last one is rejected: an export that was cut off. 0: any number of lines.",
        ),
        "keep_manual_changes": option(
            False,
            "Keep manual changes",
            "What somebody has changed on the site since a file of the data set wrote it stays, whatever the file says; a note on the line tells it.",
            section=EXPORT,
        ),
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
