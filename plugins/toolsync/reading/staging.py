"""Converts the records of a command file into the rows that are staged in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Protocol

from toolsync.reading.columns import Header
from toolsync.reading.records import Record
from toolsync.reading.suite import Suite
from toolsync.reading.values import moment_or_none, read_integer, read_moment, read_yesno, yesno_or_none

# A cell of a family: column as written, family, number, short name, text, date in Unix seconds, yes/no as 1 or 0.
Cell = tuple[str, str, int | None, str | None, str, int | None, int | None]


class Room(Protocol):
    """What a column of the site can hold."""

    @property
    def characters(self) -> int | None:
        """Of a text, at most; None: no matter."""

    @property
    def numbers(self) -> tuple[int, int] | None:
        """The smallest and the largest whole number; None: it holds no whole numbers."""


class Stager:
    """Converts the records of one file.

    :param suite: the suite of its type.
    :param header: its columns.
    :param zone: the timezone of dates without an offset.
    :param room: what a column of the site, given as table and column, can hold; None when there is no such column.
    """

    def __init__(
        self,
        suite: Suite,
        header: Header,
        zone: tzinfo,
        room: Callable[[str, str], Room | None] = lambda table, column: None,
    ) -> None:
        self.zone = zone
        self._longest: list[tuple[int, str, int]] = []  # position, column, characters
        self._numbers: list[tuple[int, str, tuple[int, int]]] = []
        for given in header.columns:
            if given.spec.stored and (limits := room(*given.spec.stored.split("."))):
                if given.spec.type == "text" and limits.characters is not None:
                    self._longest.append((given.position, given.written, limits.characters))
                if given.spec.type == "integer" and limits.numbers:
                    self._numbers.append((given.position, given.written, limits.numbers))
        self._roomy = min((characters for *_, characters in self._longest), default=0)
        self._empty: list[Any] = [None] * len(suite.plain_columns)
        self._plain: list[tuple[int, int, Callable[[str], Any] | None]] = []
        for place, spec in enumerate(suite.plain_columns):
            if column := header.plain.get(spec.name):
                self._plain.append((place, column.position, self._converter(spec.type)))
        self._cells = [
            (column.position, (column.written, column.spec.name, column.number, column.shortname))
            for column in header.cells
        ]

    def values(self, record: Record) -> tuple[list[Any], list[Cell]]:
        """Convert a record that passed validation.

        :return: one value for each of `suite.plain_columns`, None for a column that the file lacks; and each cell of a family. The date and the yes/no
            of a cell are None when its text is not one.
        :raises UnreadableValue: when a value is not of its column's type, which validation would have found.
        :raises ValueError: when the record can't be read.
        """
        texts = record.values
        if texts is None:
            raise ValueError(f"line {record.line} can't be read, so it can't be staged")
        row = self._empty.copy()
        for place, position, convert in self._plain:
            row[place] = convert(texts[position]) if convert else texts[position]
        return row, [self._cell(about, texts[position]) for position, about in self._cells]

    def misfit(self, record: Record) -> tuple[str, str] | None:
        """The first value of a record that the site's column can't hold.

        :return: the column as the file writes it, and why.
        """
        texts = record.values or []
        if len(record.raw) > self._roomy:
            for position, written, characters in self._longest:
                if len(texts[position]) > characters:
                    return (
                        written,
                        f"{len(texts[position])} characters, and the site stores at most {characters}",
                    )
        for position, written, (least, most) in self._numbers:
            number = read_integer(texts[position])
            if number is not None and not least <= number <= most:
                return written, f"the site stores whole numbers from {least} to {most}"
        return None

    def _cell(self, about: tuple[str, str, int | None, str | None], text: str) -> Cell:
        if not text:
            return (*about, "", None, None)
        return (*about, text, moment_or_none(text, self.zone), _as_integer(yesno_or_none(text)))

    def _converter(self, column_type: str) -> Callable[[str], Any] | None:
        """What makes a value of that type from a text; None for texts."""
        converters: dict[str, Callable[[str], Any]] = {
            "yesno": lambda text: _as_integer(read_yesno(text)),
            "moment": lambda text: read_moment(text, self.zone),
            "integer": read_integer,
        }
        return converters.get(column_type)


def _as_integer(answer: bool | None) -> int | None:
    return None if answer is None else int(answer)
