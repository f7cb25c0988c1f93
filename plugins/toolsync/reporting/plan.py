"""The plan of a file that takes things away: what would go, row by row, told to a person and to programs.

The SQL of a type puts the rows into `toolsync_plan`. All columns but `line` are its own; those that are named here are told in words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import IO, Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]

SHOWN = 100  # rows of the approval form and of the text report; the table beside the report has them all
FORM_BYTES = 40_000  # of the rows in the form: some metadata databases hold 64 kB in such a column
CELL = 60  # characters
# The columns that identify what goes, and what one and several of it are called.
THINGS = {"courseid": ("course", "courses"), "categoryid": ("category", "categories")}
# The columns that say how much goes with it, the same of them.
COUNTED = {
    "people": ("person enrolled", "people enrolled"),
    "activities": ("activity", "activities"),
    "files": ("file", "files"),
    "rows_gone": ("row of the database", "rows of the database"),
}
AMOUNTS = {*COUNTED, "bytes"}
HEADS = {"lastaccess": "last access", "bytes": "size of files", "rows_gone": "rows"}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass
class Totals:
    """The sums of a plan.

    :param noun: what goes, `course`, `courses`.
    :param amounts: of each column of `AMOUNTS` that the plan has.
    :param lastaccess: the latest one, Unix seconds; None when nobody was ever there.
    """

    things: int = 0
    noun: tuple[str, str] = ("thing", "things")
    amounts: dict[str, int] = field(default_factory=dict)
    lastaccess: int | None = None

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        total = cls()
        for row in rows:
            total.things += 1
            total.noun = next((noun for name, noun in THINGS.items() if name in row), total.noun)
            for name in row:
                if name in AMOUNTS:
                    total.amounts[name] = total.amounts.get(name, 0) + (row[name] or 0)
            total.lastaccess = max(filter(None, (total.lastaccess, row.get("lastaccess"))), default=None)
        return total

    def as_json(self) -> dict[str, Any]:
        return {"things": self.things, **self.amounts, "lastaccess": self.lastaccess}

    def sentence(self, zone: tzinfo = UTC) -> str:
        """`3 courses: 120 people enrolled, 45 activities, 12 files (3.4 MB), last access 2026-05-01 08:15`."""
        return f"{counted(self.things, self.noun)}: {_amounts({**self.amounts, 'lastaccess': self.lastaccess}, zone)}"


def _amounts(row: Row, zone: tzinfo) -> str:
    parts = []
    for name, words in COUNTED.items():
        if row.get(name) or (name == "people" and name in row):
            of_files = f" ({size(row['bytes'])})" if name == "files" and row.get("bytes") else ""
            parts.append(f"{counted(row[name] or 0, words)}{of_files}")
    if "lastaccess" in row:
        parts.append(f"last access {cell('lastaccess', row['lastaccess'], zone)}")
    return ", ".join(parts)


def counted(number: int, words: tuple[str, str]) -> str:
    """`1 course`, `1,200 courses`."""
    return f"{number:,} {words[number != 1]}"


def cell(name: str, value: Any, zone: tzinfo = UTC) -> str:
    """A value of a plan as a person reads it."""
    if name == "lastaccess":
        return moment(value, zone) if value else "never"
    if value is None:
        return ""
    if name == "bytes":
        return size(value)
    return f"{value:,}" if name in AMOUNTS else str(value)


def moment(seconds: int, zone: tzinfo = UTC) -> str:
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M}"


def size(number: int) -> str:
    """Bytes in human units: `3.4 MB`."""
    value, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def called(row: Row) -> str:
    """What a person calls the thing of a row: `PHY201 Physics (Science / Year 2)`."""
    names = [str(row[name]) for name in ("shortname", "fullname", "name") if row.get(name)]
    inside = f" ({row['category']})" if row.get("category") else ""
    return _shorten(" ".join(names), 2 * CELL) + _shorten(inside, CELL)


def lines_of(rows: Iterable[Row], zone: tzinfo = UTC) -> list[str]:
    """The first rows as sentences."""
    told: list[str] = []
    number = 0
    for number, row in enumerate(rows, start=1):
        if number <= SHOWN:
            told.append(f"line {row['line']}: {called(row)}: {_amounts(row, zone)}")
    return told + ([_more(number - SHOWN)] if number > SHOWN else [])


def markdown(rows: Sequence[Row], zone: tzinfo = UTC) -> Iterator[str]:
    """The first rows as the lines of a Markdown table; whatever a name holds, it stays text."""
    if not rows:
        return
    names = [name for name in rows[0] if any(row.get(name) not in {None, ""} for row in rows) or name == "lastaccess"]
    yield f"| {' | '.join(escaped(HEADS.get(name, name)) for name in names)} |"
    yield f"|{'|'.join('---:' if name in AMOUNTS else '---' for name in names)}|"
    written = number = 0
    for row in rows[:SHOWN]:
        number += 1
        text = f"| {' | '.join(escaped(_shorten(cell(name, row[name], zone), CELL)) for name in names)} |"
        written += len(text.encode())
        yield text
        if written > FORM_BYTES:
            break
    if len(rows) > number:
        yield f"\n{_more(len(rows) - number)}"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def write_csv(rows: Iterable[Row], stream: IO[str], zone: tzinfo = UTC) -> None:
    """All rows as a table, dates in ISO."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(stream, list(row), lineterminator="\n")
            writer.writeheader()
        seen = row.get("lastaccess")
        writer.writerow({name: moment(seen, zone) if name == "lastaccess" and seen else row[name] for name in row})


class ApprovedPlan:
    """What a person, or the limits of the settings page, let go: by line, the things and when somebody was last in them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.by_line: dict[int, list[Row]] = {}
        for row in rows:
            self.by_line.setdefault(row["line"], []).append(row)

    def staged(self, lines: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        """The rows of `toolsync_approved` for these lines."""
        for line in lines:
            for row in self.by_line.get(line, ()):
                yield line, *(row.get(name) for name in (*THINGS, "lastaccess"))

    def strays(self, rows: Iterable[Row]) -> dict[int, str]:
        """The lines that would do what is not in the plan, and what to say of them.

        :param rows: of the plan as it would be now.
        """
        found: dict[int, str] = {}
        for row in rows:
            if message := self._against(row, self.by_line.get(row["line"], [])):
                found.setdefault(row["line"], message)
        return found

    def _against(self, row: Row, approved: Sequence[Row]) -> str | None:
        thing = _thing(row)
        before = next((other for other in approved if _thing(other) == thing), None)
        again = "Drop the line again for a new plan"
        if before is None:
            return f"since the plan was made, this line has come to mean {called(row)}, which was not approved. {again}"
        if (row.get("lastaccess") or 0) > (before.get("lastaccess") or 0):
            return (
                f"somebody has been in {called(row)} since the plan was made ({moment(row['lastaccess'])} UTC). {again}"
            )
        return None


def _thing(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in THINGS)


def zone_of(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _more(number: int) -> str:
    return f"… and {number:,} more, in the table beside the report"
