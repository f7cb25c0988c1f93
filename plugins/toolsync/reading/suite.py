"""The suite of a command-file type: which columns a file may have, and what each is for.

A suite is a file of Great Expectations in its own JSON form, `include/expectations/<type>.json`. Its `meta` describes the columns, under `toolsync`:

    title       what a line of such a file is about
    key         {"param": the DAG's Param that chooses the column by which a line's subject is found, "columns": the choices,
                "any_case": those of them in which letter case does not count}; absent when there is no choice
    headerless  the columns that may follow the key in a file without a header; absent when a header is needed
    columns     [{"name", "type", "doc", "example", "secret", "aliases", "stored"}], in the order of the manual: see `ColumnSpec`

An expectation on a family of columns applies to each column of the family that a file has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from more_itertools import consecutive_groups

from toolsync.reading.columns import TYPES, Column, ColumnNames, ColumnSpec, Header, spoken
from toolsync.reading.problems import FileProblem
from toolsync.reading.texts import printable, unseen, without_unseen
from toolsync.settings import INCLUDE

EXISTS = "expect_column_to_exist"


class SuiteError(ValueError):
    """A file in `include/expectations` is not a suite that Tool Sync can use."""


@dataclass(frozen=True)
class Key:
    """How the subject of a line is found.

    :param param: the Param that chooses the column.
    :param columns: the columns it chooses from.
    :param any_case: those in which letter case makes no other subject.
    """

    param: str
    columns: tuple[str, ...]
    any_case: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """The suite of a type.

    :param name: the type.
    :param document: the whole JSON document.
    :param title: what a line of such a file is about.
    :param columns: every column that a file may have, in the order of the manual.
    :param key: how the subject of a line is found; None when no Param chooses.
    :param headerless: the columns that may follow the key in a file without a header; None when a header is needed.
    """

    name: str
    document: Mapping[str, Any] = field(repr=False)
    title: str
    columns: tuple[ColumnSpec, ...]
    key: Key | None = None
    headerless: tuple[str, ...] | None = None

    @cached_property
    def plain_columns(self) -> tuple[ColumnSpec, ...]:
        """The columns of a staged row: neither families nor ignored columns."""
        return tuple(spec for spec in self.columns if not spec.is_family and spec.type != "ignored")

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """The expectations, as in the file."""
        return self.document.get("expectations", [])

    @cached_property
    def _names(self) -> ColumnNames:
        return ColumnNames(self.columns)

    def spec(self, name: str) -> ColumnSpec | None:
        """The column that a name in an expectation or in a header refers to; None when there is no such column."""
        for spec in self.columns:
            if spec.name == name:
                return spec
        column = self._names.find(0, name.strip())
        return column.spec if column else None

    def column(self, name: str) -> Column | None:
        """The column that a name in a header means; None when there is no such column."""
        return self._names.find(0, name.strip())

    def nearest(self, name: str) -> str | None:
        """The known name that is most like an unknown one; None when none is close."""
        return self._names.nearest(_plain(name))

    def recognises(self, name: str) -> bool:
        """Whether a name in a header is that of a column, invisible characters in it aside."""
        return self.spec(_plain(name)) is not None

    def required(self, severity: str = "critical") -> list[str]:
        """The columns that every file must have, by the expectations of that severity."""
        return [
            expectation["kwargs"]["column"]
            for expectation in self.expectations
            if expectation["type"] == EXISTS and expectation.get("severity", "critical") == severity
        ]

    def names_key(self, names: Iterable[str]) -> bool:
        """Whether one of the names, invisible characters in it aside, is a column by which the subject of a line may be found."""
        found = map(self.spec, map(_plain, names))
        return any(spec.name in self.key.columns for spec in found if spec) if self.key else False

    def match_header(
        self, names: Sequence[str], *, key_column: str | None = None, ignore_unknown_columns: bool = False
    ) -> Header:
        """Compare the header of a file with the columns of the suite.

        :param names: the cells of the header.
        :param key_column: the column by which the subject of a line is found. A headerless type accepts any column of its key.
        :param ignore_unknown_columns: note unknown columns instead of rejecting the file, and let columns without a name hold anything.
        """
        columns: list[Column] = []
        problems: list[FileProblem] = []
        notes: list[str] = []
        seen: dict[str, str] = {}
        present: set[str] = set()
        written = tuple(name.strip() for name in names)
        nameless = tuple(position for position, name in enumerate(written) if not name)
        for position, name in enumerate(written):
            column = self._names.find(position, name)
            meant = column or self._names.find(position, _plain(name))
            if meant:
                present |= {meant.name, meant.spec.name}
            if column is None:
                if name:
                    problem = self._unknown(name, meant)
                    ignored = ignore_unknown_columns and not meant
                    notes.append(printable(problem.message)) if ignored else problems.append(problem)
                continue
            same = column.name.casefold()
            if same in seen:
                problems.append(_duplicate(column, seen[same]))
            elif column.spec.type == "ignored":
                notes.append(_ignored(column))
            else:
                columns.append(column)
            seen.setdefault(same, name)
        problems += self._missing(present, key_column)
        notes += [_missing(name).message for name in self.required("warning") if name not in present]
        if nameless:
            notes.append(_nameless(nameless) + ("" if ignore_unknown_columns else "; a line with a value there fails"))
        must_be_empty = () if ignore_unknown_columns else nameless
        return Header(written, tuple(columns), tuple(problems), tuple(notes), must_be_empty)

    def match_headerless(self, key_column: str | None = None) -> Header:
        """The columns of a file without a header.

        :param key_column: the column that the first cell of a line holds; by default the first column of the key.
        """
        first = key_column or (self.key.columns[0] if self.key else self.columns[0].name)
        return self.match_header([first, *(self.headerless or ())], key_column=first)

    def manual(self) -> str:
        """The columns as a Markdown table, for the DAG's documentation."""
        rows = ["| column | holds | what it does |", "|---|---|---|"]
        required = self.required()
        rows += [_manual_row(spec, self.holds(spec), spec.name in required) for spec in self.columns]
        return "\n".join(rows)

    def holds(self, spec: ColumnSpec) -> str:
        """What the values of a column are: its type, and the descriptions of the expectations on it."""
        limits = [
            expectation["description"]
            for expectation in self.expectations
            if expectation["kwargs"].get("column") == spec.name and expectation.get("description")
        ]
        return ", ".join([TYPES[spec.type], *limits])

    def _unknown(self, written: str, meant: Column | None) -> FileProblem:
        """A name in a header that no column has.

        :param meant: the column that has it without its invisible characters.
        """
        plain = _plain(written)
        nearest = meant.written if meant else self._names.nearest(plain)
        hidden = f": its name holds {', '.join(unseen(written))}, which nobody sees" if plain != written else ""
        hint = f"; is it {nearest}?" if nearest else ""
        return FileProblem("unseen" if meant else "unknown", written, f"unknown column {written}{hidden}{hint}")

    def _missing(self, present: set[str], key_column: str | None) -> Iterator[FileProblem]:
        required = self.required()
        if self.headerless is not None and self.key:
            if not present.intersection(self.key.columns):
                choices = " or ".join(self.key.columns)
                yield FileProblem("missing", self.key.columns[0], f"the column {choices} is missing")
        elif key_column:
            required = list(dict.fromkeys([key_column, *required]))
        yield from (_missing(name) for name in required if name not in present)


def load_suite(name: str, folder: Path = INCLUDE / "expectations") -> Suite:
    """The suite of a type, kept in memory until its file changes.

    :param name: the type, which is the name of the file without `.json`.
    :param folder: where the file is.
    :raises SuiteError: when the file is not a suite.
    :raises OSError: when it can't be read.
    """
    path = folder / f"{name}.json"
    return _load(path, path.stat().st_mtime_ns)


def has_suite(name: str) -> bool:
    """Whether there is a suite of a type: whether its files are CSV."""
    return (INCLUDE / "expectations" / f"{name}.json").exists()


@lru_cache(maxsize=128)
def _load(path: Path, _changed: int) -> Suite:
    try:
        return parse_suite(json.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise SuiteError(f"{path}: the key {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise SuiteError(f"{path} is not a suite: {error}") from error


def parse_suite(document: Mapping[str, Any]) -> Suite:
    """A suite from its JSON document.

    :raises SuiteError: when a column is described twice or has an unknown type, or an expectation is malformed.
    :raises KeyError: when a part is missing.
    """
    meta = document["meta"]["toolsync"]
    columns = tuple(ColumnSpec(**{**column, "aliases": tuple(column.get("aliases", ()))}) for column in meta["columns"])
    _check(columns)
    for expectation in document.get("expectations", []):
        if not isinstance(expectation["type"], str) or not isinstance(expectation["kwargs"], dict):
            raise SuiteError(f"an expectation needs `type`, a text, and `kwargs`, an object: {expectation}")
    key = meta.get("key")
    headerless = meta.get("headerless")
    return Suite(
        name=document["name"],
        document=document,
        title=meta.get("title", ""),
        columns=columns,
        key=Key(key["param"], tuple(key["columns"]), tuple(key.get("any_case", ()))) if key else None,
        headerless=None if headerless is None else tuple(headerless),
    )


def _check(columns: Iterable[ColumnSpec]) -> None:
    names: set[str] = set()
    for spec in columns:
        if spec.type not in TYPES:
            raise SuiteError(f"the column {spec.name} has the unknown type {spec.type!r}; known are {', '.join(TYPES)}")
        for name in spec.names:
            if name.casefold() in names:
                raise SuiteError(f"the column name {name} is described twice")
            names.add(name.casefold())


def _plain(name: str) -> str:
    """A name in a header without characters that nobody sees."""
    return without_unseen(name).strip()


def _duplicate(column: Column, first: str) -> FileProblem:
    also = "" if first.casefold() == column.written.casefold() else f" (as {first} and as {column.written})"
    return FileProblem("duplicate", column.written, f"the column {column.name} is given twice{also}")


def _missing(name: str) -> FileProblem:
    return FileProblem("missing", name, f"the column {spoken(name)} is missing")


def _nameless(positions: Sequence[int]) -> str:
    """`column 5 has no name and is ignored`, `columns 2, 5 to 7 have no name and are ignored`."""
    runs = [list(run) for run in consecutive_groups(positions)]
    parts = [
        [f"{run[0] + 1} to {run[-1] + 1}"] if len(run) > 2 else [f"{position + 1}" for position in run] for run in runs
    ]
    numbers = ", ".join(chain.from_iterable(parts))
    several = len(positions) > 1
    return (
        f"columns {numbers} have no name and are ignored" if several else f"column {numbers} has no name and is ignored"
    )


def _ignored(column: Column) -> str:
    why = f": {column.spec.doc}" if column.spec.doc else ""
    return f"the column {column.written} is ignored{why}"


def _manual_row(spec: ColumnSpec, holds: str, required: bool) -> str:
    names = ", ".join(f"`{name}`" for name in spec.spoken_names)
    doc = f"**Required.** {spec.doc}" if required else spec.doc
    example = f" Example: `{spec.example}`" if spec.example else ""
    return "| " + " | ".join(text.replace("|", "\\|") for text in (names, holds, doc + example)) + " |"
