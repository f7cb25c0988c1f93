"""The kinds of packages: which files each has, in an order in which a file comes after those that it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolsync.reading.suite import Suite, load_suite
from toolsync.settings import INCLUDE


class PackageRejected(Exception):
    """A package can't be used, and nothing of it may be applied.

    :param reasons: sentences, each of which names the file.
    """

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


@dataclass(frozen=True)
class FileKind:
    """A file of a package.

    :param name: of the file, without `.csv`.
    :param thing: what a line of it is called in patterns; empty: patterns don't name it.
    :param suites: the names of its suites; there are several where versions of the standard differ.
    """

    name: str
    thing: str
    suites: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A kind of package.

    :param name: `oneroster` or `canvas`.
    :param files: what is read of it, in order.
    :param looked_at: the other files that the standard has, which are checked, and of which nothing becomes part of a site.
    """

    name: str
    files: tuple[FileKind, ...]
    looked_at: frozenset[str]

    def suites_of_thing(self, thing: str) -> Iterator[str]:
        """The names of the suites of the files whose lines patterns call so."""
        return (suite for file in self.files if file.thing == thing for suite in file.suites)


def suite_of(kind: str, name: str) -> Suite:
    """The suite of a file of a package.

    :param kind: the kind of the package.
    :param name: the suite's name.
    """
    return load_suite(name, INCLUDE / "expectations" / "feeds" / kind)


def identity_of(suite: Suite) -> str | None:
    """The column that identifies a line of a file; None: there is none."""
    return suite.document["meta"]["toolsync"].get("identity")


def references_of(suite: Suite) -> list[dict[str, Any]]:
    """The columns of a file that refer to lines of other files: `column`, `file`, `needed`; `list` where a cell has several, `part` where a line is a part of
    what it refers to."""
    return suite.document["meta"]["toolsync"]["references"]


def _files(*things: tuple[str, str], suites: Mapping[str, tuple[str, ...]] | None = None) -> tuple[FileKind, ...]:
    return tuple(FileKind(name, thing, (suites or {}).get(name, (name,))) for name, thing in things)


USERS_1_2 = "users_1_2"

KINDS = {
    "oneroster": Kind(
        "oneroster",
        _files(
            ("orgs", "org"),
            ("academicSessions", "session"),
            ("courses", "course"),
            ("classes", "class"),
            ("users", "user"),
            ("roles", ""),
            ("enrollments", "enrollment"),
            suites={"users": ("users", USERS_1_2)},
        ),
        frozenset(
            {
                "categories",
                "classResources",
                "courseResources",
                "demographics",
                "lineItemLearningObjectiveIds",
                "lineItems",
                "lineItemScoreScales",
                "resources",
                "resultLearningObjectiveIds",
                "results",
                "resultScoreScales",
                "scoreScales",
                "userProfiles",
                "userResources",
            }
        ),  # fmt: skip
    ),
    "canvas": Kind(
        "canvas",
        _files(
            ("accounts", "account"),
            ("terms", "term"),
            ("users", "user"),
            ("courses", "course"),
            ("sections", "section"),
            ("xlists", ""),
            ("group_categories", ""),
            ("groups", "group"),
            ("enrollments", "enrollment"),
            ("group_memberships", ""),
        ),
        frozenset({"admins", "change_sis_ids", "logins", "user_observers"}),
    ),
}
