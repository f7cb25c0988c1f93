"""Lines of a command file that are about the same thing and contradict each other: each gets a note, since the later one has the last word."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable

from toolsync.reading.columns import Column
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import Problem, shown
from toolsync.reading.records import Record

MOST_SUBJECTS, MOST_NOTES = 20_000, 10_000  # of a file, so that memory stays bounded


class Repeats:
    """Looks at the records of a file as they are read. Memory holds a number for each line; only a file with repetitions is read again.

    What lines may add to each other, as the numbered columns of courses and groups, contradicts nothing; nor do lists of courses, which say no more of them.

    :param file: the file.
    :param key: the column by which the subject of a line is found; None: there is none.
    """

    def __init__(self, file: CommandFile, key: str | None) -> None:
        suite = file.suite
        self._file = file
        self._key = file.header.plain.get(key or "") if suite.headerless is None else None
        self._any_case = suite.key is not None and key in suite.key.any_case
        self._hashes = array("q")
        self._compared = [
            column
            for column in file.header.columns
            if column is not self._key and column.number is None and column.spec.type != "ignored"
        ]

    def look(self, records: Iterable[Record]) -> None:
        if self._key:
            self._hashes.extend(hash(name) for record in records if (name := self._name(record)))

    def notes(self, leave_out: Container[int]) -> list[Problem]:
        """After the last record: a note on each line that contradicts one before it.

        :param leave_out: lines that don't run.
        """
        import numpy as np  # for tasks only: parsing a DAG file has no time for it

        hashes, firsts, counts = np.unique(np.frombuffer(self._hashes, np.int64), return_index=True, return_counts=True)
        several = np.flatnonzero(counts > 1)
        repeated = set(hashes[several[np.argsort(firsts[several])][:MOST_SUBJECTS]].tolist())
        found: list[Problem] = []
        if not repeated or not self._key:
            return found
        # The line and the value, by subject and column: hashes alone, since texts may be long.
        said: dict[tuple[int, int], tuple[int, int]] = {}
        for records in self._file.records():
            for record in records:
                name = self._name(record)
                subject = hash(name)
                if not name or subject not in repeated or record.line in leave_out:
                    continue
                others: dict[int, list[Column]] = {}
                for column in self._compared:
                    value = record.values[column.position] if record.values else ""
                    line, before = said.get((subject, column.position), (0, hash(value)))
                    if value and hash(value) != before:
                        others.setdefault(line, []).append(column)
                    if value:
                        said[subject, column.position] = record.line, hash(value)
                found += (self._note(record, line, columns) for line, columns in others.items())
                if len(found) >= MOST_NOTES:
                    return found[:MOST_NOTES]
        return found

    def _name(self, record: Record) -> str:
        if record.values is None or self._key is None:
            return ""
        name = record.values[self._key.position]
        return name.lower() if self._any_case else name

    def _note(self, record: Record, line: int, columns: list[Column]) -> Problem:
        assert self._key and record.values
        names = ", ".join(column.written for column in columns)
        message = f"line {line} has the same {self._key.written}, and other values in {names}: lines are done one after the other; keep the one that is right"
        return Problem(record.line, self._key.written, shown(record.values[self._key.position]), message)
