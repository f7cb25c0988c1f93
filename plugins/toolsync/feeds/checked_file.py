"""Reads a file of a package, and checks it against its suite. For tasks only: importing it takes seconds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from toolsync.feeds.archive import PackageFile
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import Problem, shown
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
        return PackageProblem(self.file, self.number, column, shown(self.get(column)) or "", message)


class CheckedFile:
    """A file that is read once.

    :param utc: whether a time without an offset is in UTC.
    :raises FileRejected: it can't be used.
    :ivar columns: its columns that the suite knows.
    :ivar problems: those of its lines; complete once all lines are read.
    :ivar notes: sentences; complete once all lines are read.
    """

    def __init__(self, file: PackageFile, suite: Suite, *, utc: bool) -> None:
        self._file = file
        self._command = CommandFile.open(file.path, suite=suite, encoding=file.encoding, ignore_unknown_columns=True)
        self._validator = Validator(suite, self._command.header)
        columns = self._command.header.columns
        self._cells = [(_key(column.name), column.position) for column in columns]
        self._dates = [column.position for column in columns if column.spec.type == "moment"]
        self._utc = utc
        self._remarks: Counter[tuple[str, str]] = Counter()
        self._firsts: dict[tuple[str, str], int] = {}
        self.columns = {name for name, _ in self._cells}
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def lines(self) -> Iterator[Line]:
        """The lines that can be read, whether or not they have problems; of those that are alike, the first."""
        seen: set[bytes] = set()
        doubles = 0
        for records in self._command.records():
            once: list[Record] = []
            for record in records:
                raw = record.raw.strip()
                if record.values is not None and raw in seen:
                    doubles += 1
                    continue
                seen.add(raw)
                _tidy(record, self._dates, self._utc)
                once.append(record)
            found = self._validator.check(once)
            self.problems += found.problems
            self._count(found.notes)
            for record in once:
                if (values := record.values) is not None:
                    cells = {name: values[position] for name, position in self._cells if values[position]}
                    yield Line(self._file.name, record.line, cells)
        found = self._validator.finish()
        self.problems += found.problems
        self._count(found.notes)
        self._tell(doubles)

    @property
    def comments(self) -> int:
        """The number of lines that begin with #, and were skipped; complete once all lines are read."""
        return self._command.comment_lines

    def _count(self, notes: Iterable[Problem]) -> None:
        for note in notes:
            key = note.field or "", note.message
            self._remarks[key] += 1
            self._firsts.setdefault(key, note.line)

    def _tell(self, doubles: int) -> None:
        name = self._file.name
        self.notes += [f"{name}: {note}" for note in [*self._command.header.notes, *self._validator.warnings]]
        self.notes += [
            f"{name}, column {column}: {message}; lines where that is not so: {count}, the first is {self._firsts[column, message]}"
            for (column, message), count in self._remarks.items()
        ]
        if doubles:
            self.notes.append(f"{name}: lines that are there twice, and were read once: {doubles}")
        if comments := self.comments:
            self.notes.append(f"{name}: lines that begin with #, and were skipped: {comments}")


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
