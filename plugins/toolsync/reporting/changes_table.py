"""The table `…_changes.csv` beside a report: what a run changed on the site, value by value. The first of it as sentences, for the log and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from toolsync.reading.texts import printable
from toolsync.reporting.changed_things import Change
from toolsync.reporting.plan import counted
from toolsync.reporting.tables import Table

TABLE = "_changes.csv"  # the end of the name of the table in the report folder
SHOWN = 100  # changes in the log and in the text report


@dataclass
class Shown:
    """What of the changes the log and the text report show.

    :param unit: what the items of the file are called: `line`, `image`.
    :param sentences: the first changes that are due to a line, each with how often it follows itself.
    :param consequences: how many others there are, by what happened.
    :param more: how many further changes are due to a line.
    """

    unit: str = "line"
    sentences: list[tuple[str, int]] = field(default_factory=list)
    consequences: Counter[str] = field(default_factory=Counter)
    more: int = 0

    @classmethod
    def of(cls, found: Iterable[Change], unit: str) -> Shown:
        told = cls(unit)
        for change in found:
            told.count(change)
        return told

    def count(self, change: Change) -> None:
        """Take note of a change."""
        if change.line is None:
            self.consequences[change.act] += 1
        elif len(self.sentences) > SHOWN:
            self.more += 1
        else:
            sentence = printable(change.sentence(self.unit))
            if self.sentences and self.sentences[-1][0] == sentence:
                self.sentences[-1] = sentence, self.sentences[-1][1] + 1
            else:
                self.sentences.append((sentence, 1))

    def lines(self) -> list[str]:
        """All of it, for people."""
        told = [f"{sentence}{f' ({times:,} times)' if times > 1 else ''}" for sentence, times in self.sentences[:SHOWN]]
        if more := self.more + sum(times for _, times in self.sentences[SHOWN:]):
            told.append(f"… and {more:,} more; the report's table …{TABLE} lists them all")
        if self.consequences:
            acts = (f"{act}: {number:,}" for act, number in sorted(self.consequences.items()))
            told.append(f"due to no single {self.unit}, in the table …{TABLE}, too: {', '.join(acts)}")
        return told


def rows_sentence(changed: Mapping[str, Any]) -> str:
    """How many rows were changed: `12 rows: 3 made, 8 changed, 1 taken away`.

    :param changed: as the totals of a run have it.
    """
    rows = {change: sum(tables.values()) for change, tables in changed["rows"].items()}
    words = {"made": "made", "changed": "changed", "deleted": "taken away"}
    told = [f"{rows[change]:,} {word}" for change, word in words.items() if rows.get(change)]
    return f"{counted(sum(rows.values()), ('row', 'rows'))}: {', '.join(told)}"


def write_changes(stream: IO[str], found: Iterable[Change], unit: str) -> Shown:
    """Write the table.

    :param unit: what the items of the file are called: `line`, `image`.
    :return: what the text report shows of it.
    """
    table, told = Table(stream), Shown(unit)
    table.row(Change._fields)
    for change in found:
        table.row(change)
        told.count(change)
    return told
