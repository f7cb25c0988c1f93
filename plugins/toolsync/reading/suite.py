"""The suite of a type, as far as a DAG file and the reader need it: which columns there are, and what each is for.

A suite is a file of Great Expectations in its own JSON form. Its `meta` documents the columns, under `toolsync`:

    title       what a line of such a file is
    key         {"param": the DAG's Param that chooses, "columns": those it chooses from}; absent when none does
    headerless  the columns that may follow the key in a file without header; absent when a header is needed
    columns     [{"name", "type", "doc", "example", "secret", "aliases"}], in the order of the manual

A name with `#` is a family of numbered columns (`course#`: course1, course2 …), one with `*` a family of named
columns (`profile_field_*`, with a short name as Moodle lets it be). An expectation on a family holds for each column of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from toolsync.reading.problems import FileProblem
from toolsync.settings import INCLUDE

TYPES = {
    "text": "text",
    "yesno": "yes/no",
    "moment": "date",
    "integer": "whole number",
    "ignored": "ignored",
}


class SuiteError(ValueError):
    """The suite's file itself is wrong."""


@dataclass(frozen=True)
class ColumnSpec:
    """A column, or a family of them, as the suite describes it.

    :param type: one of `TYPES`.
    :param secret: its values are never shown.
    :param aliases: other names of it, families too.
    """

    name: str
    type: str = "text"
    doc: str = ""
    example: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_family(self) -> bool:
        return "#" in self.name or "*" in self.name


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    :param position: of its cell in a record, from 0.
    :param written: its name as the file writes it.
    :param name: its name in the suite, of a family with the number or name in place (`course2`).
    :param n: the number in the name of a numbered column.
    :param key: what stands for the `*` of a named column, as the file writes it.
    """

    position: int
    written: str
    name: str
    spec: ColumnSpec
    n: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Header:
    """The columns of a file.

    :param written: every name as the file writes it, one for each cell of a record.
    :param columns: those that are used, in the order of the file.
    :param problems: why the file is rejected; empty when it is not.
    :param notes: what a person should know: ignored columns.
    :param optional: how many cells at the end of a record may be missing.
    """

    written: tuple[str, ...]
    columns: tuple[Column, ...]
    problems: tuple[FileProblem, ...] = ()
    notes: tuple[str, ...] = ()
    optional: int = 0

    @cached_property
    def plain(self) -> dict[str, Column]:
        """The columns that belong to no family, by their names in the suite."""
        return {column.name: column for column in self.columns if not column.spec.is_family}

    @cached_property
    def cells(self) -> tuple[Column, ...]:
        """The columns of families."""
        return tuple(column for column in self.columns if column.spec.is_family)

    @cached_property
    def families(self) -> frozenset[str]:
        """The families that the file has columns of (`course#`)."""
        return frozenset(column.spec.name for column in self.cells)

    def named(self, name: str) -> list[Column]:
        """The columns that a name means, as the suite has it or as the file writes it: several for a family."""
        if name in self.plain:
            return [self.plain[name]]
        wanted = name.casefold()
        return [
            column
            for column in self.columns
            if column.spec.name == name or wanted in (column.name.casefold(), column.written.casefold())
        ]


@dataclass(frozen=True)
class Key:
    """How the lines' subject is identified.

    :param param: the Param that chooses the column.
    """

    param: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Suite:
    """The suite of a type.

    :param document: the whole JSON document.
    :param headerless: the columns that may follow the key in a file without header; None when a header is needed.
    """

    name: str
    document: Mapping[str, Any] = field(repr=False)
    title: str
    columns: tuple[ColumnSpec, ...]
    key: Key | None = None
    headerless: tuple[str, ...] | None = None

    @cached_property
    def plain_columns(self) -> tuple[ColumnSpec, ...]:
        """What a staged row holds: no families, nothing that is ignored."""
        return tuple(spec for spec in self.columns if not spec.is_family and spec.type != "ignored")

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """As in the file."""
        return self.document.get("expectations", [])

    def spec(self, name: str) -> ColumnSpec | None:
        """The column that a name in an expectation or in a file means; None when there is none such."""
        for spec in self.columns:
            if spec.name == name:
                return spec
        found = self._find(name.strip())
        return found[0] if found else None

    def required(self, severity: str = "critical") -> list[str]:
        """The columns that every file must have, by the expectations of that severity."""
        return [
            expectation["kwargs"]["column"]
            for expectation in self.expectations
            if expectation["type"] == "expect_column_to_exist" and expectation.get("severity", "critical") == severity
        ]

    def names_key(self, names: Iterable[str]) -> bool:
        """Whether one of the names is a column that a line may be identified by."""
        return any(spec.name in self.key.columns for spec in map(self.spec, names) if spec) if self.key else False

    def match_header(
        self, names: Sequence[str], *, key_column: str | None = None, ignore_unknown_columns: bool = False
    ) -> Header:
        """Compare the header of a file with the columns of the suite.

        :param names: the cells of the header.
        :param key_column: what identifies a line; of a headerless type any column of the key will do.
        :param ignore_unknown_columns: unknown columns make a note, and no problem.
        """
        written_names = tuple(name.strip() for name in names)
        columns: list[Column] = []
        problems: list[FileProblem] = []
        notes: list[str] = []
        seen: dict[str, str] = {}
        for position, written in enumerate(written_names):
            found = self._find(written)
            if not found:
                problem = self._unknown(position, written)
                notes.append(problem.message) if ignore_unknown_columns else problems.append(problem)
                continue
            column = Column(position, written, *_in_place(*found))
            first = seen.get(column.name.casefold())
            if first is not None:
                also = "" if first.casefold() == written.casefold() else f" (as {first} and as {written})"
                problems.append(FileProblem("duplicate", written, f"the column {column.name} is given twice{also}"))
            elif column.spec.type == "ignored":
                notes.append(f"the column {written} is ignored{': ' if column.spec.doc else ''}{column.spec.doc}")
            else:
                columns.append(column)
            seen.setdefault(column.name.casefold(), written)
        present = {column.name for column in columns} | {column.spec.name for column in columns}
        problems += self._missing(present, key_column)
        notes += [f"the column {_spoken(name)} is missing" for name in self.required("warning") if name not in present]
        return Header(written_names, tuple(columns), tuple(problems), tuple(notes))

    def match_headerless(self, key_column: str | None = None) -> Header:
        """The columns of a file without header.

        :param key_column: what its first cell is; by default the first column of the key.
        """
        following = self.headerless or ()
        first = key_column or (self.key.columns[0] if self.key else self.columns[0].name)
        header = self.match_header([first, *following], key_column=first)
        return replace(header, optional=len(following))

    def manual(self) -> str:
        """The columns as a Markdown table, for the DAG's documentation."""
        rows = ["| column | holds | what it does |", "|---|---|---|"]
        limits = self._limits()
        required = self.required()
        for spec in self.columns:
            names = ", ".join(f"`{_spoken(name)}`" for name in (spec.name, *spec.aliases))
            holds = ", ".join([TYPES[spec.type], *limits.get(spec.name, ())])
            doc = f"**Required.** {spec.doc}" if spec.name in required else spec.doc
            example = f" Example: `{spec.example}`" if spec.example else ""
            rows.append("| " + " | ".join(text.replace("|", "\\|") for text in (names, holds, doc + example)) + " |")
        return "\n".join(rows)

    def _limits(self) -> dict[str, list[str]]:
        limits: dict[str, list[str]] = {}
        for expectation in self.expectations:
            column, says = expectation["kwargs"].get("column"), expectation.get("description")
            if column and says:
                limits.setdefault(column, []).append(says)
        return limits

    @cached_property
    def _exact(self) -> dict[str, ColumnSpec]:
        return {name.casefold(): spec for name, spec in self._names() if "#" not in name and "*" not in name}

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], ColumnSpec]]:
        families = [(name, spec) for name, spec in self._names() if "#" in name or "*" in name]
        families.sort(key=lambda family: "*" in family[0])
        return [(_pattern(name), spec) for name, spec in families]

    def _names(self) -> Iterator[tuple[str, ColumnSpec]]:
        for spec in self.columns:
            for name in (spec.name, *spec.aliases):
                yield name, spec

    def _find(self, written: str) -> tuple[ColumnSpec, re.Match[str] | None] | None:
        spec = self._exact.get(written.casefold())
        if spec:
            return spec, None
        for pattern, family in self._patterns:
            match = pattern.fullmatch(written)
            if match:
                return family, match
        return None

    def _unknown(self, position: int, written: str) -> FileProblem:
        if not written:
            message = f"column {position + 1} has no name"
            return FileProblem("unnamed", "", message)
        nearest = self._nearest(written)
        hint = f"; is it {nearest}?" if nearest else ""
        return FileProblem("unknown", written, f"unknown column {written}{hint}")

    def _nearest(self, written: str) -> str | None:
        numbers = re.findall(r"\d+", written)
        abstract = re.sub(r"\d+", "#", written.casefold())
        known = [name.casefold() for name, _ in self._names() if "*" not in name]
        for tried in (written.casefold(), abstract):
            for name in get_close_matches(tried, known, n=1, cutoff=0.75):
                return name.replace("#", numbers[0] if numbers else "1")
        return None

    def _missing(self, present: set[str], key_column: str | None) -> Iterator[FileProblem]:
        required = self.required()
        if self.headerless is not None and self.key:
            if not present.intersection(self.key.columns):
                choices = " or ".join(self.key.columns)
                yield FileProblem("missing", self.key.columns[0], f"the column {choices} is missing")
        elif key_column:
            required = list(dict.fromkeys([key_column, *required]))
        for name in required:
            if name not in present:
                yield FileProblem("missing", name, f"the column {_spoken(name)} is missing")


def load_suite(name: str, folder: Path = INCLUDE / "expectations") -> Suite:
    """The suite of a type, kept until its file changes.

    :param name: of the type, and of the file without its `.json`.
    :raises SuiteError: when the file is not a suite.
    :raises OSError: when it can't be read.
    """
    path = folder / f"{name}.json"
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _load(path: Path, _changed: int) -> Suite:
    try:
        return parse_suite(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SuiteError(f"{path} is not a suite of Tool Sync: {error!r}") from error


def parse_suite(document: Mapping[str, Any]) -> Suite:
    """A suite from its JSON document.

    :raises SuiteError: when a column is described twice or has an unknown type.
    :raises KeyError: when a part is missing.
    """
    meta = document["meta"]["toolsync"]
    columns = tuple(ColumnSpec(**{**column, "aliases": tuple(column.get("aliases", ()))}) for column in meta["columns"])
    _check(columns)
    for expectation in document.get("expectations", []):
        if not isinstance(expectation["type"], str) or not isinstance(expectation["kwargs"], dict):
            raise SuiteError(f"an expectation needs a type and kwargs: {expectation}")
    key = meta.get("key")
    headerless = meta.get("headerless")
    return Suite(
        name=document["name"],
        document=document,
        title=meta.get("title", ""),
        columns=columns,
        key=Key(key["param"], tuple(key["columns"])) if key else None,
        headerless=None if headerless is None else tuple(headerless),
    )


def _check(columns: Iterable[ColumnSpec]) -> None:
    names: set[str] = set()
    for spec in columns:
        if spec.type not in TYPES:
            raise SuiteError(f"the column {spec.name} has the unknown type {spec.type!r}; known are {', '.join(TYPES)}")
        for name in (spec.name, *spec.aliases):
            if name.casefold() in names:
                raise SuiteError(f"the column name {name} is described twice")
            names.add(name.casefold())


def _pattern(name: str) -> re.Pattern[str]:
    pattern = re.escape(name).replace(r"\#", r"(?P<n>[0-9]{1,9})").replace(r"\*", r"(?P<key>[a-z0-9_]+)")
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def _in_place(spec: ColumnSpec, match: re.Match[str] | None) -> tuple[str, ColumnSpec, int | None, str | None]:
    if not match:
        return spec.name, spec, None, None
    groups = match.groupdict()
    if "n" in groups:
        return spec.name.replace("#", str(int(groups["n"]))), spec, int(groups["n"]), None
    return spec.name.replace("*", groups["key"]), spec, None, groups["key"]


def _spoken(name: str) -> str:
    return name.replace("#", "N").replace("*", "<shortname>")
