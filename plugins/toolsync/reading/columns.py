"""The columns of a command file: as a suite describes them, and as the header of a file names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from toolsync.reading.problems import FileProblem

# The types of a column, each with the word that the manual has for it.
TYPES = {
    "text": "text",
    "yesno": "yes/no",
    "moment": "date",
    "integer": "whole number",
    "ignored": "ignored",
}

SHORTNAME_CHARACTERS = 255  # of a custom field, at most: as in Moodle's tables, and in the one that cells are staged in


@dataclass(frozen=True)
class ColumnSpec:
    """A column, or a family of columns, as the suite describes it.

    :param name: its name; in a family with `#` for the number of a column (`course#`: course1, course2 …) or with `*` for the short name of a custom field
        (`profile_field_*`).
    :param type: one of `TYPES`.
    :param doc: what the column does, in Markdown, for the manual.
    :param example: a value, for the manual.
    :param secret: no report, log or page may show its values.
    :param aliases: other names that a header may use for it, those of families included.
    :param stored: the site's column that holds its values, `user.city`: a value that doesn't fit in there fails its line.
    """

    name: str
    type: str = "text"
    doc: str = ""
    example: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()
    stored: str = ""

    @property
    def is_family(self) -> bool:
        return _has_wildcard(self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its aliases."""
        return (self.name, *self.aliases)

    @property
    def spoken_names(self) -> list[str]:
        """The same as people read them: `courseN`, `profile_field_<shortname>`."""
        return [spoken(name) for name in self.names]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    :param position: the index of its cell in a record, from 0.
    :param written: its name as the file writes it.
    :param name: its name in the suite; in a family, with the number or short name filled in (`course2`).
    :param spec: its description in the suite.
    :param number: what the file writes for the `#` of a numbered family; None otherwise.
    :param shortname: what the file writes for the `*` of a named family; None otherwise.
    """

    position: int
    written: str
    name: str
    spec: ColumnSpec
    number: int | None = None
    shortname: str | None = None


@dataclass(frozen=True)
class Header:
    """The columns of a file.

    :param written: every name as the file writes it, one for each cell of a record.
    :param columns: the columns that are used, in the order of the file.
    :param problems: why the file is rejected; empty when its header is accepted.
    :param notes: sentences for the report: ignored columns, recommended columns that are missing.
    :param nameless: the positions of columns without a name, whose cells have to be empty.
    """

    written: tuple[str, ...]
    columns: tuple[Column, ...]
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    nameless: tuple[int, ...] = ()

    @cached_property
    def plain(self) -> dict[str, Column]:
        """The columns that belong to no family, by their names in the suite."""
        return {column.name: column for column in self.columns if not column.spec.is_family}

    @cached_property
    def cells(self) -> tuple[Column, ...]:
        """The columns that belong to a family."""
        return tuple(column for column in self.columns if column.spec.is_family)

    @cached_property
    def families(self) -> frozenset[str]:
        """The families that the file has columns of (`course#`)."""
        return frozenset(column.spec.name for column in self.cells)

    def named(self, name: str) -> list[Column]:
        """The columns that a name refers to: several for a family.

        :param name: a name of the suite, or one as the file writes it, in any case.
        """
        if name in self.plain:
            return [self.plain[name]]
        wanted = name.casefold()
        return [
            column
            for column in self.columns
            if column.spec.name == name or wanted in (column.name.casefold(), column.written.casefold())
        ]


class ColumnNames:
    """Finds the column that a name in a header refers to.

    :param specs: the columns of the suite.
    """

    def __init__(self, specs: Sequence[ColumnSpec]) -> None:
        names = [(name, spec) for spec in specs for name in spec.names]
        self._exact = {name.casefold(): spec for name, spec in names if not _has_wildcard(name)}
        # Numbered families first, because `field_*` would match `field_1` too.
        families = [(name, spec) for name, spec in names if _has_wildcard(name)]
        families.sort(key=lambda family: "*" in family[0])
        self._patterns = [(_pattern(name), spec) for name, spec in families]
        self._guessable = [name.casefold() for name, _ in names if "*" not in name]

    def find(self, position: int, written: str) -> Column | None:
        """The column of a name in a header; None when the suite has no such column.

        :param position: the index of the name in the header, from 0.
        :param written: the name.
        """
        if spec := self._exact.get(written.casefold()):
            return Column(position, written, spec.name, spec)
        for pattern, family in self._patterns:
            if match := pattern.fullmatch(written):
                return _of_family(position, written, family, match)
        return None

    def nearest(self, written: str) -> str | None:
        """The known name that is most like an unknown one; None when none is close."""
        numbers = re.findall(r"\d+", written)
        abstract = re.sub(r"\d+", "#", written.casefold())
        for tried in (written.casefold(), abstract):
            for name in get_close_matches(tried, self._guessable, n=1, cutoff=0.75):
                return name.replace("#", numbers[0] if numbers else "1")
        return None


def spoken(name: str) -> str:
    """A column's name as the manual and messages write it: `courseN`, `profile_field_<shortname>`."""
    return name.replace("#", "N").replace("*", "<shortname>")


def _has_wildcard(name: str) -> bool:
    return "#" in name or "*" in name


def _pattern(name: str) -> re.Pattern[str]:
    pattern = re.escape(name).replace(r"\#", r"(?P<number>[0-9]{1,9})")
    pattern = pattern.replace(r"\*", rf"(?P<shortname>[a-z0-9_]{{1,{SHORTNAME_CHARACTERS}}})")
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def _of_family(position: int, written: str, spec: ColumnSpec, match: re.Match[str]) -> Column:
    groups = match.groupdict()
    if "number" in groups:
        number = int(groups["number"])
        return Column(position, written, spec.name.replace("#", str(number)), spec, number=number)
    shortname = groups["shortname"]
    return Column(position, written, spec.name.replace("*", shortname), spec, shortname=shortname)
