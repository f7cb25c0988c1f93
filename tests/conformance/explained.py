"""The differences between what Moodle and Tool Sync wrote, for a reader: the same row side by side, and only the columns that differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

LINE = re.compile(r"(?P<side>[-+]) (?P<table>\w+) (?P<change>\w+) (?P<values>\{.*\})(?: x(?P<times>\d+))?")


@dataclass(frozen=True)
class Row:
    """A row that one of the two changed.

    :param change: `inserted`, `updated` or `deleted`.
    :param values: what was written, by column.
    """

    by_moodle: bool
    table: str
    change: str
    id: str | None
    values: dict[str, str]

    @property
    def title(self) -> str:
        return f"{self.id or f'A row of {self.table}'} {self.change}"

    def likeness(self, other: Row) -> float:
        """The share of the columns in which two rows agree; 1 for the same row of the original site."""
        if self.id or other.id:
            return float(self.id == other.id)
        return len(self.values.items() & other.values.items()) / max(len(self.values), 1)


def explained(differences: list[str]) -> Iterator[str]:
    """The lines of `rowdiff.compare`, in words."""
    rows = sorted((row for line in differences for row in _rows(line)), key=lambda row: (row.table, row.change))
    for _, group in groupby(rows, key=lambda row: (row.table, row.change)):
        together = list(group)
        ours = [row for row in together if not row.by_moodle]
        for row in (row for row in together if row.by_moodle):
            twin = max(ours, key=row.likeness, default=row)
            if twin in ours and row.likeness(twin) >= 0.5:
                ours.remove(twin)
                yield from _side_by_side(row, twin)
            else:
                yield from _alone(row, "Moodle")
        for row in ours:
            yield from _alone(row, "Tool Sync")


def _rows(line: str) -> Iterator[Row]:
    found = LINE.fullmatch(line)
    assert found, line
    columns = json.loads(found["values"])
    id_, changes = columns.pop("id", None), columns.pop("set", {})
    values = {column: _json(value) for column, value in columns.items()}
    values |= {column: f"{_json(was)} → {_json(now)}" for column, (was, now) in changes.items()}
    yield from [Row(found["side"] == "-", found["table"], found["change"], id_, values)] * int(found["times"] or 1)


def _side_by_side(moodle: Row, ours: Row) -> Iterator[str]:
    yield f"\n{moodle.title} by both, with differences:"
    equal = [f"{column} {value}" for column, value in moodle.values.items() & ours.values.items() if value != '""']
    if equal and not moodle.id:
        yield f"  alike in {', '.join(sorted(equal)[:5])}{', …' if len(equal) > 5 else ''}"
    for column in moodle.values | ours.values:
        theirs, own = moodle.values.get(column), ours.values.get(column)
        if theirs != own:
            yield f"  {column}"
            yield f"    Moodle     {theirs or 'left it as it was'}"
            yield f"    Tool Sync  {own or 'left it as it was'}"


def _alone(row: Row, who: str) -> Iterator[str]:
    yield f"\n{row.title} by {who} alone:"
    yield from (f"  {column} {value}" for column, value in row.values.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
