"""The mapping of a kind of package: `include/feeds/<kind>.yaml`, with what a file of yours says instead. It is checked as a whole when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolsync.feeds.mapping_checks import (
    At,
    Check,
    columns,
    lowered,
    one_of,
    open_section,
    params,
    pattern,
    pattern_or_none,
    patterns,
    section,
    some_of,
    text,
    text_or_none,
    words,
    yesno,
)
from toolsync.settings import INCLUDE, WrongSetting, laid_over, read_page

# The types that packages become, in the order in which they run.
TYPES = ("courses", "users", "cohorts", "groups", "enrolments", "group_members", "courses_delete")
# Params that follow from other keys.
OURS = {"user_id_field": "users, key", "course_id_field": "courses, key", "group_id_field": "what packages have", "cohort_id_field": "what packages have",
        "category_id_field": "what packages have", "default_method": "enrolments, method"}  # fmt: skip
# Parts whose keys are the user's: columns, roles, values that a template is chosen by, cohorts, Params.
OPEN = {
    ("users", "roles"), ("users", "columns"), ("courses", "columns"), ("courses", "templates"), ("sections", "columns"), ("groups", "columns"),
    ("enrolments", "roles"), ("enrolments", "columns"), ("cohorts",), ("params",), ("bulk_params",),
}  # fmt: skip


@dataclass(frozen=True)
class FeedMapping:
    """A mapping that was checked.

    :param kind: of packages: `oneroster` or `canvas`.
    :param values: its sections and keys, with patterns read.
    """

    kind: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def load_mapping(kind: str, path: Path | None = None) -> FeedMapping:
    """The mapping of a kind of package.

    :param kind: `oneroster` or `canvas`.
    :param path: a file that says what differs from ours; None: nothing does.
    :raises WrongSetting: something in it makes no sense; the message has all of that, each with file, line and key.
    """
    page = read_page(INCLUDE / "feeds" / f"{kind}.yaml", f"include/feeds/{kind}.yaml")
    if path is not None:
        page = laid_over(page, read_page(path, str(path)), is_open=_is_open)
    at = At(kind, page, [])
    values = section(CHECKS[kind])(page, at)
    if not at.wrong:
        for part, things in (("users", "people"), ("courses", "courses")):
            if values[part]["key"] not in values[part]["columns"]:
                here = page.place(part, "key")
                at.wrong.append(
                    f"{here}: {things} are found by {values[part]['key']}, so it has to be among the columns."
                )
    if at.wrong:
        raise WrongSetting(" ".join(at.wrong))
    return FeedMapping(kind, values)


def _is_open(path: tuple[str, ...]) -> bool:
    return any(path[:length] in OPEN for length in range(1, len(path)))


OF_CLASS = ("class", "course", "org", "session")
OF_COURSE = ("course", "account", "term")
PEOPLE = ("username", "firstname", "lastname")
COURSES = ("shortname", "fullname")
GROUPS = ("name", "idnumber")
USER_KEY = one_of("idnumber", "username", "email")
COURSE_KEY = one_of("idnumber", "shortname")

CHECKS: dict[str, dict[str, Check]] = {
    "oneroster": {
        "users": section(
            {
                "key": USER_KEY,
                "roles": lowered(open_section(yesno)),
                "deleted": one_of("suspend", "delete", "leave"),
                "disabled": one_of("suspend", "leave"),
                "columns": columns("users", "user", "org", needed=PEOPLE),
            }
        ),
        "categories": section(
            {
                "types": some_of("department", "school", "district", "local", "state", "national"),
                "name": pattern("org"),
                "below": text,
                "then": patterns(*OF_CLASS),
            }
        ),
        "courses": section(
            {
                "key": COURSE_KEY,
                "deleted": one_of("hide", "delete", "leave"),
                "inactive": one_of("hide", "leave"),
                "sessions": some_of("gradingPeriod", "semester", "schoolYear", "term"),
                "columns": columns("courses", *OF_CLASS, needed=COURSES),
                "template": pattern_or_none(*OF_CLASS),
                "templates": open_section(text),
            }
        ),
        "enrolments": section(
            {
                "method": text,
                "roles": lowered(open_section(text_or_none)),
                "second_teacher": text_or_none,
                "deleted": one_of("remove", "suspend", "leave"),
                "inactive": one_of("suspend", "remove", "leave"),
                "columns": columns("enrolments", "enrollment", "user", *OF_CLASS),
            }
        ),
        "cohorts": open_section(
            section({"idnumber": pattern("user", "org"), "name": pattern("user", "org"), "roles": words})
        ),
        "params": params(TYPES, OURS, whole=False),
        "bulk_params": params(TYPES, OURS, whole=True),
    },
    "canvas": {
        "bulk": yesno,
        "users": section(
            {
                "key": USER_KEY,
                "deleted": one_of("suspend", "delete", "leave"),
                "suspended": one_of("suspend", "leave"),
                "columns": columns("users", "user", needed=PEOPLE),
            }
        ),
        "categories": section({"name": pattern("account"), "below": text, "then": patterns(*OF_COURSE)}),
        "courses": section(
            {
                "key": COURSE_KEY,
                "deleted": one_of("hide", "delete", "leave"),
                "completed": one_of("hide", "leave"),
                "unpublished": one_of("hide", "leave"),
                "columns": columns("courses", *OF_COURSE, needed=COURSES),
                "template": pattern_or_none(*OF_COURSE),
                "templates": open_section(text),
            }
        ),
        "sections": section({"groups": yesno, "columns": columns("groups", "section", *OF_COURSE, needed=GROUPS)}),
        "enrolments": section(
            {
                "method": text,
                "roles": lowered(open_section(text_or_none)),
                "deleted": one_of("remove", "suspend", "leave"),
                "completed": one_of("suspend", "remove", "leave"),
                "inactive": one_of("suspend", "remove", "leave"),
                "columns": columns("enrolments", "enrollment", "user", "section", *OF_COURSE),
            }
        ),
        "groups": section({"columns": columns("groups", "group", *OF_COURSE, needed=GROUPS)}),
        "params": params(TYPES, OURS, whole=False),
        "bulk_params": params(TYPES, OURS, whole=True),
    },
}
