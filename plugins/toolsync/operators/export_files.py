"""Writes the files of an export: lines that can do with all columns, and beside them those that do without some."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolsync.cabinet.folders import Cabinet
from toolsync.operators.export_lines import ExportedLine
from toolsync.operators.export_types import Columns
from toolsync.reading.records import RECORD_LIMIT
from toolsync.reading.texts import one_line, printable
from toolsync.reporting.tables import defused, defused_comment

FOLDER = "export"  # in the cabinet
MOST_FILES = 8  # of a type; then all lines that do without a column share the last one
NAMED = 3  # things that a comment names for each reason
MOST_REASONS = 100  # that comments tell; the table has all


class Spool:
    """Lines of a file, until it is known what its head has to say."""

    def __init__(self) -> None:
        self.lines = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._text = io.TextIOWrapper(self._file, encoding="utf-8", newline="", write_through=True)
        self._plain = csv.writer(self._text, lineterminator="\n")
        self._quoted = csv.writer(self._text, quoting=csv.QUOTE_ALL, lineterminator="\n")

    def add(self, row: Sequence[str]) -> None:
        # Without quotes, a line that begins with # would be a comment.
        (self._quoted if row[0].startswith("#") else self._plain).writerow(row)
        self.lines += 1

    def rows(self) -> Iterator[list[str]]:
        """The rows again."""
        csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT))
        self._text.seek(0)
        yield from csv.reader(self._text)

    def copy_to(self, stream: Any) -> None:
        self._text.flush()
        self._file.seek(0)
        shutil.copyfileobj(self._file, stream, 1 << 20)

    def close(self) -> None:
        self._text.close()


@dataclass
class LeftOut:
    """Cells and lines that a file can't say.

    :ivar counts: how many, by column (empty: the whole line) and reason.
    :ivar things: the first of each, in words.
    :ivar table: all of them.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    things: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    table: Spool = field(default_factory=Spool)

    def add(self, thing: str, column: str, why: str) -> None:
        self.counts[column, why] += 1
        named = self.things.setdefault((column, why), [])
        if len(named) < NAMED:
            named.append(thing)
        self.table.add([defused(printable(text)) for text in (thing, column, why)])

    def sentences(self) -> Iterator[str]:
        """What was left out and why, the most frequent first."""
        for (column, why), count in self.counts.most_common(MOST_REASONS):
            named = ", ".join(map(one_line, self.things[column, why]))
            more = ", …" if count > NAMED else ""
            yield printable(
                f"{'the value of ' + column if column else 'the line'}, {counted(count, 'time')}: {why} ({named}{more})"
            )
        if len(self.counts) > MOST_REASONS:
            yield f"for {len(self.counts) - MOST_REASONS} further reasons, which the table tells"


class ExportFiles:
    """The files of a type, which appear in the cabinet when all lines are known.

    :param columns: those of the export.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.left_out = LeftOut()
        self._spools: dict[frozenset[str], Spool] = {}
        self._lacks_lines = False
        self._rest: Spool | None = None  # of lines with all columns
        self._rest_lacks: frozenset[str] = frozenset()

    def add(self, line: ExportedLine) -> None:
        """Put a line into the file that has the columns which it can say."""
        cells, lacks = line.cells, set[str]()
        wrong = {column for column, _ in line.faults}
        for column, why in dict.fromkeys(line.faults):
            self.left_out.add(line.thing, column, why)
        if not wrong <= set(self.columns.names) or wrong & self.columns.needed:
            self._lacks_lines = True
            return
        for number, (column, cell) in enumerate(zip(self.columns.names, cells, strict=True)):
            if column in wrong and column in self.columns.silent:
                cells[number] = ""
            elif cell is None or column in wrong:
                lacks.add(column)
        self._spool(frozenset(lacks), cells)

    def _spool(self, lacks: frozenset[str], cells: list[str | None]) -> None:
        spool = self._spools.get(lacks)
        if spool is None and len(self._spools) < MOST_FILES - 1:
            spool = self._spools[lacks] = Spool()
        if spool is not None:
            spool.add(
                [cell or "" for column, cell in zip(self.columns.names, cells, strict=True) if column not in lacks]
            )
            return
        self._rest = self._rest or Spool()
        self._rest_lacks |= lacks
        self._rest.add([cell or "" for cell in cells])

    @property
    def lines(self) -> int:
        return sum(spool.lines for spool in self._spools.values()) + (self._rest.lines if self._rest else 0)

    def write(self, cabinet: Cabinet, stem: str, head: Iterable[str]) -> list[dict[str, Any]]:
        """Write the files, and the table of what was left out.

        :param stem: how their names begin.
        :param head: the comments of each file.
        :return: `path`, `lines` and, where there is such, `without` (the columns that the file does not have) of each file.
        """
        self._empty_rest()
        head, written = list(head), []
        for number, (lacks, spool) in enumerate(sorted(self._spools.items(), key=lambda each: len(each[0])), 1):
            names = [name for name in self.columns.names if name not in lacks]
            without = [name for name in self.columns.names if name in lacks]
            about = [counted(spool.lines, "line")]
            if len(self._spools) > 1:
                about.append(f"File {number} of {len(self._spools)}, to be applied in this order")
            if self._lacks_lines or len(self._spools) > 1:
                about.append("It has not all lines: with Param mode full, those that it lacks would be taken away")
            if without:
                about.append(f"Without the columns {', '.join(without)}")
            name = f"{stem}{'' if number == 1 else f'_{number}'}.csv"
            with cabinet.writing(FOLDER, name) as (stream, path):
                comments = "".join(f"# {defused_comment(one_line(comment))}\n" for comment in [*head, *about])
                stream.write(f"{comments}{','.join(names)}\n".encode())
                spool.copy_to(stream)
            written.append({"path": str(path), "lines": spool.lines, "without": without})
        if self.left_out.table.lines:
            with cabinet.writing(FOLDER, left_out_name(stem)) as (stream, _):
                stream.write(b"thing,column,why\n")
                self.left_out.table.copy_to(stream)
        return written

    def _empty_rest(self) -> None:
        """Give the lines of the last file the columns that all of them can say."""
        if self._rest is None:
            return
        spool = self._spools.setdefault(self._rest_lacks, Spool())
        for row in self._rest.rows():
            spool.add(
                [cell for column, cell in zip(self.columns.names, row, strict=True) if column not in self._rest_lacks]
            )
        self._rest.close()
        self._rest = None

    def close(self) -> None:
        for spool in [*self._spools.values(), self.left_out.table, *([self._rest] if self._rest else [])]:
            spool.close()


def counted(number: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def left_out_name(stem: str) -> str:
    """The name of the table of what an export left out."""
    return f"{stem}_left_out.csv"
