"""Reads a package into tables. Each file is checked against its suite, then references from file to file. For tasks only: importing it takes seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from toolsync.feeds.archive import PackageFile
from toolsync.feeds.checked_file import CheckedFile, Line, PackageProblem
from toolsync.feeds.kinds import identity_of, references_of
from toolsync.reading.suite import Suite


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
        return references_of(self.suite)

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
    :param unread: CSV files of which nobody knows what they are: they may be parts of these tables.
    """

    tables: dict[str, Table] = field(default_factory=dict)
    problems: list[PackageProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

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
        checked = CheckedFile(file, suite, utc=utc)
        table.columns |= checked.columns
        read = list(checked.lines())
        self.notes += checked.notes
        self.problems += [
            PackageProblem(file.name, problem.line, problem.field or "", problem.value or "", problem.message)
            for problem in checked.problems
        ]
        # The standards know no comments: it may be somebody's identifier.
        table.incomplete = table.incomplete or bool(checked.comments)
        self._add(table, read, {problem.line for problem in checked.problems})

    def look_at(self, file: PackageFile, suite: Suite) -> None:
        """Check a file of which nothing is made. What is wrong there is told in notes.

        :raises FileRejected: the file can't be used.
        """
        checked = CheckedFile(file, suite, utc=False)
        references = references_of(suite)
        lacking: Counter[tuple[str, str]] = Counter()
        for line in checked.lines():
            for reference in references:
                target, identifier = self.tables.get(reference["file"]), line.get(reference["column"])
                if target and identifier and identifier not in target.by_id and _missing(target, identifier):
                    lacking[reference["column"], reference["file"]] += 1
        self.notes.append(f"{file.name} was checked; nothing of it becomes part of a site")
        self.notes += checked.notes
        self.notes += _of_references(file.name, lacking)
        if checked.problems:
            first = checked.problems[0]
            self.notes.append(
                f"{file.name}: lines that can't be read: {len(checked.problems)}, the first is {first.line}: {first.message}"
            )

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
            self.notes += _of_references(f"{table.name}.csv", soft)

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


def _of_references(name: str, lacking: Counter[tuple[str, str]]) -> Iterator[str]:
    """Notes on references to what is not there."""
    for (column, file), count in lacking.items():
        lines = "1 line refers" if count == 1 else f"{count} lines refer"
        yield f"{name}, column {column}: {lines} to what {file}.csv does not have"
