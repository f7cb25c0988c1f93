"""The report's tables of lines and of changes, searched and cut into pages as bytes: they may have millions of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from toolsync.reporting.missing import NOT_IN_FILE

NEWLINE, QUOTE, COMMA = b"\n"[0], b'"'[0], b","[0]
# The first two letters of an outcome, which tell it from the others.
OUTCOMES = {
    name: (ord(name[0]) << 8) + ord(name[1]) for name in ("created", "updated", "deleted", "unchanged", "failed")
}
UNDONE = (ord("n") << 8) + ord("o")  # `not approved`, `not executed`
REMARKED = "remarked"
CHANGE = ("line", "thing", "table", "id", "column", "before", "after")


class RecordTable:
    """A table whose first record is a header.

    :param content: of the CSV file, as `Table` writes it.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._data = np.frombuffer(content, np.uint8)
        starts, ends = _records(self._data)
        self._starts, self._ends = starts[1:], ends[1:]

    @property
    def nbytes(self) -> int:
        """What it takes in memory, about, once it is searched."""
        return 2 * len(self._content) + 24 * len(self._starts)

    def _cells(self, first: int, last: int) -> list[list[str]]:
        """The cells of the records from one to another."""
        raw = self._content[self._starts[first] : self._ends[last] + 1]
        return list(csv.reader(io.StringIO(raw.decode(errors="replace"), newline="")))

    def _records_with(self, text: str) -> Any:
        """The records that hold a text, in any case."""
        lowered, starts = self._lowered
        wanted = np.frombuffer(text.lower().replace('"', '""').encode(errors="replace"), np.uint8)
        found = occurrences(lowered, wanted)
        found = np.unique(np.searchsorted(starts, found, side="right") - 1)
        return found[found > 0] - 1  # not the header

    @cached_property
    def _lowered(self) -> tuple[Any, Any]:
        """The content in small letters, and where its records begin, the header included."""
        if self._content.isascii():
            lowered = np.frombuffer(self._content.lower(), np.uint8)
        else:
            lowered = np.frombuffer(self._content.decode(errors="replace").lower().encode(), np.uint8)
        return lowered, _records(lowered)[0]


class ChangesTable(RecordTable):
    """The table of changes: line, thing, table, id, column, before, after."""

    @property
    def total(self) -> int:
        """The number of changes."""
        return len(self._starts)

    def matching(self, text: str) -> Any:
        """The changes that hold a text, as positions for `rows`; empty: all of them."""
        return self._records_with(text) if text else np.arange(self.total)

    def rows(self, positions: Any) -> list[dict[str, Any]]:
        """Changes, by column. Those due to no line have none."""
        found = [self._cells(int(position), int(position))[0] for position in positions]
        return [
            {**dict(zip(CHANGE, cells, strict=True)), "line": int(cells[0]) if cells[0] else None, "id": int(cells[3])}
            for cells in found
        ]


class LinesTable(RecordTable):
    """The table of lines: number of the line, outcome, column, value, message. A line with several remarks has several records.

    That of a package also says in which of its files the line is.

    :param content: of the CSV file, as `write_lines` writes it.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        data = self._data
        commas = np.flatnonzero(data == COMMA)
        first = commas[np.searchsorted(commas, self._starts)]
        quoted = data[self._starts] == QUOTE
        numbers = _numbers(data, self._starts + quoted, first - quoted)
        self._group = np.cumsum(np.diff(numbers, prepend=-1) != 0) - 1  # the line of each record, counted from 0
        begins = np.flatnonzero(np.diff(self._group, prepend=-1))
        self._lines = numbers[begins]
        at = first[begins] + 1 + quoted[begins]
        self._outcomes = data[at].astype(np.uint16) << 8 | data[at + 1]
        told = np.zeros(len(self._lines), bool)
        told[self._group[_has_message(data, self._ends)]] = True
        self._remarked = told & (self._outcomes != OUTCOMES["failed"])
        self._begins = np.append(begins, len(self._starts))
        self._order = np.argsort(self._lines, kind="stable")  # what validation finds comes first in the table

    @property
    def nbytes(self) -> int:
        """What it takes in memory, about, once it is searched."""
        return super().nbytes + 16 * len(self._lines)

    @property
    def total(self) -> int:
        """The number of lines."""
        return len(self._lines)

    @property
    def begins(self) -> Any:
        """The numbers of the lines, in the order of the file."""
        return self._lines[self._order]

    def matching(self, outcome: str | None, text: str, also: Any = ()) -> Any:
        """The lines that fit, as positions for `rows`, in the order of the file.

        :param outcome: one of `OUTCOMES`, `undone`, or `remarked`: done, with remarks; None: any.
        :param text: what their records hold, in any case; empty: anything.
        :param also: lines of the file that hold the text.
        """
        fits = np.ones(self.total, bool)
        if outcome == REMARKED:
            fits = self._remarked.copy()
        elif outcome:
            fits = self._outcomes == OUTCOMES.get(outcome, UNDONE)
        if text:
            holding = np.zeros(self.total, bool)
            holding[self._group[self._records_with(text)]] = True
            in_order = self.begins
            # A record may go over several lines: the text is in the record that begins there or before.
            at = np.searchsorted(in_order, np.asarray(also, in_order.dtype), side="right") - 1
            holding[self._order[at[at >= 0]]] = True
            fits &= holding
        return self._order[fits[self._order]]

    def rows(self, positions: Any) -> list[tuple[int, str, list[dict[str, Any]]]]:
        """Lines: number, outcome, and column, value and message of each remark."""
        return [self._row(int(position)) for position in positions]

    def remarks_of(self, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """The remarks on some lines, by their numbers."""
        in_order = self.begins
        at = np.searchsorted(in_order, numbers)
        found = [int(self._order[place]) for place in at if place < len(in_order)]
        return {number: remarks for number, _, remarks in self.rows(found)}

    def lines_with(self, outcome: str) -> list[int]:
        """The numbers of the lines with an outcome, in order."""
        return self.numbers(self.matching(outcome, ""))

    def numbers(self, positions: Any) -> list[int]:
        """The numbers of lines."""
        return [int(number) for number in self._lines[positions]]

    def _row(self, position: int) -> tuple[int, str, list[dict[str, Any]]]:
        first, last = self._begins[position], self._begins[position + 1] - 1
        records = self._cells(first, last)
        if records[0][3].startswith(NOT_IN_FILE):  # a line that the file does not have: all that is known of it
            records = [
                [number, status, column, "", message or value] for number, status, column, value, message in records
            ]
        remarks = [
            {"column": " ".join(filter(None, (*place[:1], column))) or None, "value": value or None, "message": message}
            for _, _, column, value, message, *place in records
            if message
        ]
        return int(records[0][0]), records[0][1], remarks


def _records(data: Any) -> tuple[Any, Any]:
    """Where records begin, and where the line ends are that end them: line ends within quotes don't."""
    ends = np.flatnonzero(data == NEWLINE)
    quotes = np.flatnonzero(data == QUOTE)
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return np.append(0, ends[:-1] + 1), ends


def _numbers(data: Any, begins: Any, ends: Any) -> Any:
    """The whole numbers that stand between these offsets."""
    numbers = np.zeros(len(begins), np.int64)
    for place in range(int((ends - begins).max(initial=0))):
        inside = begins + place < ends
        numbers[inside] = numbers[inside] * 10 + (data[begins[inside] + place] - ord("0"))
    return numbers


def _has_message(data: Any, ends: Any) -> Any:
    """Whether the last cell of records holds something."""
    empty = (data[ends - 1] == QUOTE) & (data[ends - 2] == QUOTE) & (data[ends - 3] == COMMA)
    return (data[ends - 1] != COMMA) & ~empty


def occurrences(data: Any, wanted: Any) -> Any:
    """The offsets at which some bytes stand in others."""
    room = len(data) - len(wanted) + 1
    if room <= 0 or not len(wanted):
        return np.zeros(0, np.int64)
    found = np.flatnonzero(data[:room] == wanted[0])
    for place in range(1, len(wanted)):
        found = found[data[found + place] == wanted[place]]
    return found
