"""The plan of a file that deletes things: what would go, row by row, formatted for people and for programs.

The SQL of a type puts the rows into `toolsync_plan`. Apart from `line`, each type has its own columns; those named here have a special format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import IO, Any, TypeVar
from zoneinfo import ZoneInfo

from more_itertools import ilen

from toolsync.reading.texts import one_line, shorten, visible
from toolsync.reporting.tables import write_table

Row = Mapping[str, Any]
Item = TypeVar("Item")

TABLE = "_plan.csv"  # the end of the name of the CSV table in the report folder
SHOWN = 100  # rows in the approval form and in the text report; the CSV table has them all
FORM_BYTES = 40_000  # of rows in the form: in some metadata databases its column holds 64 kB
CELL = 60  # characters of a cell in the form
THING = ("thing", "things")
# Columns that identify what goes, with its name in singular and plural.
THINGS = {
    "enrolmentid": ("enrolment", "enrolments"),
    "memberid": ("member", "members"),
    "userid": ("person", "people"),
    "courseid": ("course", "courses"),
    "categoryid": ("category", "categories"),
    "part": ("part of a run", "parts of runs"),
}
# Columns that count what goes with it.
COUNTED = {
    "people": ("person enrolled", "people enrolled"),
    "activities": ("activity", "activities"),
    "files": ("file", "files"),
    "rows_gone": ("row of the database", "rows of the database"),
    "returned": ("row comes back", "rows come back"),
    "changed_back": ("row gets its old values", "rows get their old values"),
    "removed": ("row that was made goes", "rows that were made go"),
    "stay": ("row can't be put back", "rows can't be put back"),
}
AMOUNTS = {*COUNTED, "bytes"}
HEADS = {
    "enrolmentid": "id",
    "memberid": "id",
    "userid": "id",
    "groupname": "group",
    "lastaccess": "last access",
    "bytes": "size of files",
    "rows_gone": "rows",
    "returned": "come back",
    "changed_back": "get old values",
    "removed": "go",
    "stay": "can't be put back",
}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass
class Totals:
    """The sums of a plan.

    :param things: the number of courses or categories.
    :param noun: what they are called, in singular and plural: `course`, `courses`.
    :param dated: whether the plan says when they were used last.
    :param amounts: the sum of each column of `AMOUNTS` that the plan has.
    :param lastaccess: the latest access, in Unix seconds; None when there was none.
    """

    things: int = 0
    noun: tuple[str, str] = THING
    dated: bool = False
    amounts: dict[str, int] = field(default_factory=dict)
    lastaccess: int | None = None

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Totals:
        total = cls()
        for row in rows:
            total.things += 1
            total.noun = noun_of(row)
            total.dated |= "lastaccess" in row
            for name in row:
                if name in AMOUNTS:
                    total.amounts[name] = total.amounts.get(name, 0) + (row[name] or 0)
            total.lastaccess = max(filter(None, (total.lastaccess, row.get("lastaccess"))), default=None)
        return total

    def as_json(self) -> dict[str, Any]:
        return {"things": self.things, **self.amounts, "lastaccess": self.lastaccess}

    def sentence(self, zone: tzinfo = UTC) -> str:
        """`3 courses: 120 people enrolled, 45 activities, 12 files (3.4 MB), last access 2026-05-01 08:15`."""
        seen = {"lastaccess": self.lastaccess} if self.dated else {}
        amounts = _amounts({**self.amounts, **seen}, zone)
        return f"{counted(self.things, self.noun)}{f': {amounts}' if amounts else ''}"


def _amounts(row: Row, zone: tzinfo) -> str:
    parts = []
    for name, words in COUNTED.items():
        if row.get(name) or (name == "people" and name in row):
            of_files = f" ({size(row['bytes'])})" if name == "files" and row.get("bytes") else ""
            parts.append(f"{counted(row[name] or 0, words)}{of_files}")
    if "lastaccess" in row:
        parts.append(f"last access {cell('lastaccess', row['lastaccess'], zone)}")
    parts += [str(row[name]) for name in ("dates", "what") if row.get(name)]
    return ", ".join(parts)


def counted(number: int, words: tuple[str, str]) -> str:
    """`1 course`, `1,200 courses`."""
    return f"{number:,} {words[number != 1]}"


def cell(name: str, value: Any, zone: tzinfo = UTC) -> str:
    """A value of a plan, formatted for people."""
    if name == "lastaccess":
        return date_time(value, zone) if value else "never"
    if value is None:
        return ""
    if name == "bytes":
        return size(value)
    return f"{value:,}" if name in AMOUNTS else str(value)


def date_time(seconds: int, zone: tzinfo = UTC) -> str:
    """`2026-05-01 08:15 UTC`; a number that is no moment of ours, as of a site that counts milliseconds, as it is."""
    try:
        return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M %Z")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def size(number: int) -> str:
    """A number of bytes: `3.4 MB`."""
    value, unit = float(number), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def called(row: Row) -> str:
    """The course or category of a row: `PHY201 Physics (Science / Year 2)`; or the person, with the place: `ada Ada Lovelace, PHY201 Physics`."""
    parts = [
        " ".join(str(row[name]) for name in names if row.get(name))
        for names in (("username", "person"), ("cohort", "groupname"), ("shortname", "fullname", "name"))
    ]
    inside = f" ({row['category']})" if row.get("category") else ""
    return shorten(", ".join(filter(None, parts)), 2 * CELL) + shorten(inside, CELL)


def thing_of(row: Row) -> tuple[Any, ...]:
    """What a row is about, whatever else is known of it."""
    return tuple(row.get(name) for name in THINGS)


def noun_of(names: Container[str]) -> tuple[str, str]:
    """What the things are called whose rows have these columns, in singular and plural."""
    return next((noun for name, noun in THINGS.items() if name in names), THING)


def plan_lines(rows: Iterable[Row], zone: tzinfo = UTC, *, table: str = TABLE) -> list[str]:
    """The first rows as sentences.

    :param table: the end of the name of the report's CSV table that has them all.
    """
    return first_lines(
        rows,
        lambda row: ": ".join(filter(None, [f"line {row['line']}", called(row), _amounts(row, zone)])),
        most=SHOWN,
        table=table,
    )


def first_lines(items: Iterable[Item], line: Callable[[Item], str], *, most: int, table: str) -> list[str]:
    """The first items as lines, and a last line that says how many more there are.

    :param line: formats an item.
    :param most: the number of items to show.
    :param table: the end of the name of the report's CSV table that has them all.
    """
    left = iter(items)
    shown = [line(item) for item in islice(left, most)]
    return [*shown, *and_more(ilen(left), table)]


def markdown(rows: Sequence[Row], zone: tzinfo = UTC) -> Iterator[str]:
    """The first rows as a Markdown table, in which names are escaped."""
    if not rows:
        return
    names = [
        name
        for name in rows[0]
        if name != "part" and (any(row.get(name) not in {None, ""} for row in rows) or name == "lastaccess")
    ]
    yield f"| {' | '.join(escaped(HEADS.get(name, name)) for name in names)} |"
    yield f"|{'|'.join('---:' if name in AMOUNTS else '---' for name in names)}|"
    written = number = 0
    for row in rows[:SHOWN]:
        number += 1
        text = f"| {' | '.join(escaped(shorten(cell(name, row[name], zone), CELL)) for name in names)} |"
        written += len(text.encode())
        yield text
        if written > FORM_BYTES:
            break
    yield from (f"\n{more}" for more in and_more(len(rows) - number, TABLE))


def escaped(text: str) -> str:
    """Escape text for Markdown, on one line, with what nobody would see."""
    return PUNCTUATION.sub(r"\\\1", visible(one_line(text)))


def write_csv(rows: Iterable[Row], stream: IO[str], zone: tzinfo = UTC) -> None:
    """Write all rows as a CSV table."""
    write_table(stream, (_with_date(row, zone) for row in rows))


def _with_date(row: Row, zone: tzinfo) -> Row:
    seen = row.get("lastaccess")
    return {**row, "lastaccess": date_time(seen, zone)} if seen else row


def zone_named(name: str | None) -> tzinfo:
    """The timezone of this name; UTC for None."""
    return ZoneInfo(name) if name else UTC


def and_more(number: int, table: str) -> list[str]:
    return [f"… and {number:,} more; the report's table …{table} lists them all"] if number else []
