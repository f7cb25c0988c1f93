"""From records of a command file to the rows that are staged in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from toolsync.reading.records import Record
from toolsync.reading.suite import Header, Suite
from toolsync.reading.values import moment_or_none, read_integer, read_moment, read_yesno, yesno_or_none

Cell = tuple[str, str, int | None, str | None, str, int | None, int | None]


class Stager:
    """Converts the records of one file.

    :param zone: where a date without offset is meant.
    """

    def __init__(self, suite: Suite, header: Header, zone: tzinfo) -> None:
        self.zone = zone
        self._empty: list[Any] = [None] * len(suite.plain_columns)
        self._plain: list[tuple[int, int, Callable[[str], Any] | None]] = []
        for place, spec in enumerate(suite.plain_columns):
            column = header.plain.get(spec.name)
            if column:
                self._plain.append((place, column.position, self._reader(spec.type)))
        self._cells = [
            (column.position, (column.written, column.spec.name, column.n, column.key)) for column in header.cells
        ]

    def values(self, record: Record) -> tuple[list[Any], list[Cell]]:
        """A record that validation let pass, as values and cells.

        :returns: one value for each of `suite.plain_columns`, None for those that the file lacks; and for each cell
            of a family: column, family, number, name, text, date in Unix seconds and yes/no where it can be read so.
        :raises UnreadableValue: when validation was left out.
        """
        texts = record.values
        if texts is None:
            raise ValueError(f"line {record.line} can't be read")
        row = self._empty.copy()
        for place, position, read in self._plain:
            row[place] = read(texts[position]) if read else texts[position]
        return row, [self._cell(about, texts[position]) for position, about in self._cells]

    def _cell(self, about: tuple[str, str, int | None, str | None], text: str) -> Cell:
        if not text:
            return (*about, "", None, None)
        return (*about, text, moment_or_none(text, self.zone), _as_integer(yesno_or_none(text)))

    def _reader(self, kind: str) -> Callable[[str], Any] | None:
        readers: dict[str, Callable[[str], Any]] = {
            "yesno": lambda text: _as_integer(read_yesno(text)),
            "moment": lambda text: read_moment(text, self.zone),
            "integer": read_integer,
        }
        return readers.get(kind)


def _as_integer(answer: bool | None) -> int | None:
    return None if answer is None else int(answer)
