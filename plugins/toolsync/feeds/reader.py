"""Reads a package into tables. Each file is checked against its suite, then references from file to file. For tasks only: importing it takes seconds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from toolsync.feeds.archive import PackageFile
from toolsync.feeds.kinds import identity_of
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import Problem
from toolsync.reading.records import Record
from toolsync.reading.suite import Suite
from toolsync.reading.validator import Validator

LOOSE_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(.*)", re.ASCII | re.DOTALL)
TIME_WITHOUT_OFFSET = re.compile(r"[T ]+\d\d?:\d\d(:\d\d([.,]\d+)?)?", re.ASCII | re.IGNORECASE)


class PackageProblem(NamedTuple):
    """Why a line of a package was left out.

    :param file: of the package.
    :param line: in which the record begins.
    :param column: as the file writes it; empty: the whole line is meant.
    :param value: shortened; empty when it is unknown, empty or secret.
    :param message: what is wrong, and what was expected.
    """

    file: str
    line: int
    column: str
    value: str
    message: str


@dataclass(slots=True, eq=False)
class Line:
    """A line of a package.

    :param file: its file in the package.
    :param number: where it begins in the file, from 1.
    :param values: the cells that are not empty, by column.
    """

    file: str
    number: int
    values: dict[str, str]

    def get(self, column: str) -> str:
        """A cell."""
        return self.values.get(column, "")

    def list(self, column: str) -> list[str]:
        """A cell that holds several values, separated by commas."""
        return [part for part in map(str.strip, self.get(column).split(",")) if part]

    @property
    def status(self) -> str:
        """What the cell `status` says, in lower case."""
        return self.get("status").lower()

    def problem(self, column: str, message: str) -> PackageProblem:
        """A reason to leave it out."""
        return PackageProblem(self.file, self.number, column, self.get(column), message)


@dataclass
class Table:
    """The lines of the files of one kind.

    :param name: `users`.
    :param whole: whether it states the whole truth, so that it has all that others refer to.
    :ivar columns: those that its files have.
    :ivar left_out: lines that were left out, by what identifies them.
    :ivar gone: all lines that were left out and can be read.
    :ivar incomplete: whether a line of it was left out.
    """

    name: str
    whole: bool
    suite: Suite
    lines: list[Line] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    by_id: dict[str, Line] = field(default_factory=dict)
    left_out: dict[str, Line] = field(default_factory=dict)
    gone: list[Line] = field(default_factory=list)
    incomplete: bool = False

    @property
    def identity(self) -> str | None:
        """The column that identifies a line; None: there is none."""
        return identity_of(self.suite)

    @property
    def references(self) -> list[dict[str, Any]]:
        """Its columns that refer to lines of other files."""
        return self.suite.document["meta"]["toolsync"]["references"]

    def leave_out(self, lines: Iterable[Line]) -> None:
        """Take lines out, and remember which things they were."""
        gone = set()
        for line in lines:
            gone.add(id(line))
            self.drop(line)
        if gone:
            self.lines = [line for line in self.lines if id(line) not in gone]

    def drop(self, line: Line) -> None:
        """Take out a line, and remember which thing it was, but keep it among the lines, which somebody may be going through."""
        self.incomplete = True
        self.gone.append(line)
        identity = self.identity
        if identity:
            self.left_out[line.get(identity)] = line
            if self.by_id.get(line.get(identity)) is line:
                del self.by_id[line.get(identity)]


@dataclass
class Tables:
    """What was read of a package.

    :param tables: by name, in an order in which a table comes after those that it refers to.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    problems: list[PackageProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> list[Line]:
        table = self.tables.get(name)
        return table.lines if table else []

    def find(self, name: str, identifier: str) -> Line | None:
        """A line by what identifies it; None: the package doesn't have it."""
        table = self.tables.get(name)
        return table.by_id.get(identifier) if table else None

    def read(self, file: PackageFile, name: str, suite: Suite, *, whole: bool, utc: bool) -> None:
        """Read a file into the table of its name.

        :param whole: whether it states the whole truth.
        :param utc: whether a time without an offset is in UTC.
        :raises FileRejected: the file can't be used.
        """
        table = self.tables.setdefault(name, Table(name, whole, suite))
        command = CommandFile.open(file.path, suite=suite, encoding=file.encoding, ignore_unknown_columns=True)
        validator = Validator(suite, command.header)
        dates = [column.position for column in command.header.columns if column.spec.type == "moment"]
        columns = [(column.position, column.name) for column in command.header.columns]
        table.columns.update(_key(name) for _, name in columns)
        seen: set[bytes] = set()
        read: list[Line] = []
        problems: list[Problem] = []
        remarks: Counter[tuple[str, str]] = Counter()
        firsts: dict[tuple[str, str], int] = {}
        doubles = 0
        for records in command.records():
            once = []
            for record in records:
                raw = record.raw.strip()
                if record.values is not None and raw in seen:
                    doubles += 1
                    continue
                seen.add(raw)
                once.append(record)
                _tidy(record, dates, utc)
            found = validator.check(once)
            problems += found.problems
            _count(found.notes, remarks, firsts)
            read += [
                Line(
                    file.name,
                    record.line,
                    {_key(column): record.values[at] for at, column in columns if record.values[at]},
                )
                for record in once
                if record.values is not None
            ]
        found = validator.finish()
        problems += found.problems
        _count(found.notes, remarks, firsts)
        self.notes += [f"{file.name}: {note}" for note in [*command.header.notes, *validator.warnings]]
        self.notes += [
            f"{file.name}, column {column}: {message}, not so on {count} lines, first on line {firsts[column, message]}"
            for (column, message), count in remarks.items()
        ]
        if doubles:
            self.notes.append(f"{file.name}: {doubles} lines are there twice, and were read once")
        if command.comment_lines:
            self.notes.append(f"{file.name}: {command.comment_lines} lines that begin with # were skipped")
        self.problems += [
            PackageProblem(file.name, problem.line, problem.field or "", problem.value or "", problem.message)
            for problem in problems
        ]
        self._add(table, read, {problem.line for problem in problems})

    def _add(self, table: Table, read: list[Line], wrong: set[int]) -> None:
        """Add the lines of a file. One that another file of the table has is left out, and so is that one."""
        table.lines += read
        bad = [line for line in read if line.number in wrong]
        table.incomplete = table.incomplete or bool(wrong)
        if identity := table.identity:
            for line in read:
                if line.number in wrong:
                    continue
                first = table.by_id.setdefault(line.get(identity), line)
                if first is line:
                    continue
                for one, other in ((first, line), (line, first)):
                    self.problems.append(one.problem(identity, f"it is in {other.file}, line {other.number}, too"))
                bad += [first, line]
        table.leave_out(bad)

    def check_references(self) -> None:
        """Leave out the lines that refer to what is not there, and those that refer to these, table by table."""
        for table in self.tables.values():
            soft: Counter[tuple[str, str]] = Counter()
            while self._left_out(table, soft):
                soft.clear()
            for (column, file), count in soft.items():
                lines = "1 line refers" if count == 1 else f"{count} lines refer"
                self.notes.append(f"{table.name}, column {column}: {lines} to what {file} does not have")

    def _left_out(self, table: Table, soft: Counter[tuple[str, str]]) -> bool:
        bad: list[Line] = []
        for reference in table.references:
            target = self.tables.get(reference["file"])
            if target is None:
                continue
            column = reference["column"]
            for line in table.lines:
                for identifier in line.list(column) if reference.get("list") else filter(None, [line.get(column)]):
                    if identifier in target.by_id:
                        continue
                    message = _missing(target, identifier)
                    if message and reference["needed"]:
                        self.problems.append(line.problem(column, message))
                        bad.append(line)
                        break
                    if message:
                        soft[column, reference["file"]] += 1
        table.leave_out(bad)
        return bool(bad) and any(reference["file"] == table.name for reference in table.references)


def _missing(target: Table, identifier: str) -> str:
    """What is wrong with a reference; empty: nothing, the site may have it."""
    if gone := target.left_out.get(identifier):
        return f"{gone.file}, line {gone.number}, was left out, which this line needs"
    return f"there is no such {target.identity} in {target.name}.csv" if target.whole else ""


def _key(column: str) -> str:
    return column.casefold() if column.casefold().startswith("metadata.") else column


def _tidy(record: Record, dates: list[int], utc: bool) -> None:
    """Write the dates of a record as command files have them: with two digits, and with the offset that the standard means."""
    if record.values is None:
        return
    for position in dates:
        if match := LOOSE_DATE.fullmatch(record.values[position]):
            year, month, day, rest = match.groups()
            zone = "Z" if utc and TIME_WITHOUT_OFFSET.fullmatch(rest) else ""
            record.values[position] = f"{year}-{month:0>2}-{day:0>2}{rest}{zone}"


def _count(notes: Iterable[Problem], remarks: Counter[tuple[str, str]], firsts: dict[tuple[str, str], int]) -> None:
    for note in notes:
        key = note.field or "", note.message
        remarks[key] += 1
        firsts.setdefault(key, note.line)
