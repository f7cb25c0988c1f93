"""CSV tables that people open in a spreadsheet: what a file or the site says must not become a formula there.

A spreadsheet takes a cell for a formula that begins with = + - @, whoever wrote it, and runs it: an apostrophe in front makes it text.
Tables that are read again by Tool Sync (command files, the tryback) are not written here, except for columns that only people read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

from toolsync.reading.texts import printable_lines

SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫"  # also as East Asian keyboards type them: spreadsheets read them as the plain ones
SPACE = r"\s\x00-\x1f\u200b-\u200f\u2060\ufeff"  # what is skipped before a sign
STARTS_FORMULA = re.compile(rf"[\t\r]|[{SPACE}]*[{SIGNS}]")
# Where one cell may become two: a spreadsheet may cut a line by another delimiter than a comma, and end a cell at a line break.
CUTS_CELL = re.compile(rf'([;|\t\r\n])(?=["{SPACE}]*[{SIGNS}])')
CUTS_COMMENT = re.compile(rf'([,;|\t])(?=["{SPACE}]*[{SIGNS}])')
HARMLESS = re.compile(r"[^\W_][^;|\t\r\n]*")
PLAIN = re.compile(r"(?:[A-Za-z0-9][ -:<-{}~·]*)?")  # as it is, without a closer look
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)


class Table:
    """A CSV table for people.

    :param stream: where it is written.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._plain = csv.writer(stream, lineterminator="\n")
        self._quoted = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def row(self, cells: Iterable[Any]) -> None:
        safe, returns = list(cells), False
        for place, cell in enumerate(safe):
            if isinstance(cell, str) and not PLAIN.fullmatch(cell):
                safe[place] = defused(printable_lines(cell))
                # Python leaves a carriage return without quotes, and a spreadsheet would begin a new line there.
                returns = returns or "\r" in safe[place]
        (self._quoted if returns else self._plain).writerow(safe)

    def rows(self, rows: Iterable[Iterable[Any]]) -> None:
        for row in rows:
            self.row(row)


def write_table(stream: IO[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows with the same columns as a table with a header. No rows: nothing is written."""
    table: Table | None = None
    for row in rows:
        if table is None:
            table = Table(stream)
            table.row(row)
        table.row(row.values())


def defused(cell: Any) -> Any:
    """A cell as a spreadsheet shows it and does not run it. Numbers, also those that are text, stay."""
    if not isinstance(cell, str) or HARMLESS.fullmatch(cell) or NUMBER.fullmatch(cell.strip()):
        return cell
    inside = CUTS_CELL.sub(r"\1'", cell)
    return f"'{inside}" if STARTS_FORMULA.match(cell) else inside


def defused_comment(text: str) -> str:
    """A comment of a command file, which a spreadsheet cuts into cells like any line."""
    return CUTS_COMMENT.sub(r"\1'", text)
