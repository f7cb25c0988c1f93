"""Values that somebody has changed on the site since a file wrote them stay, whatever the next file says (Param `keep_manual_changes`)."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from more_itertools import chunked

from toolsync.data_sets.memory import Memory, hash_of, place_of
from toolsync.reading.columns import Header
from toolsync.reading.suite import Suite
from toolsync.reporting.changed_lines import Lines
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.image_sql import QUIET
from toolsync.running.images import IMAGE, RANGES_AT_ONCE, Images
from toolsync.running.state import RunState
from toolsync.running.things import COURSE, refers_to
from toolsync.settings import INCLUDE

PACKED = struct.Struct(">QI")  # the hash of a place, and of what was written there


@dataclass
class _Row:
    """A row that the batch has changed.

    :param before: its values, by column.
    :param after: the same, as they are now.
    :param changed: the columns in which they differ.
    """

    table: str
    before: dict[str, Any]
    after: dict[str, Any]
    changed: list[str]


class HandsOff:
    """Puts back what a batch has overwritten although somebody had changed it, and remembers what the batch leaves.

    :param state: of the run, which keeps the rows that it changes as they were.
    :param memory: what was written before.
    :param suite: the columns of the type.
    :param header: those of the file: of a new row, only what a file writes is remembered.
    :ivar written: hashes of what this run has written, by those of the places.
    """

    def __init__(self, state: RunState, memory: Memory, suite: Suite, header: Header) -> None:
        self.written: dict[int, int] = {}
        self._state = state
        self._session = state.session
        self._memory = memory
        self._absent = {spec.name for spec in suite.plain_columns} - header.plain.keys()
        self._left: dict[int, int] = {}  # of the batch that is not committed

    @property
    def _images(self) -> Images:
        assert self._state.images
        return self._state.images

    def spare(self, outcomes: Outcomes) -> set[int]:
        """Put back what somebody had changed, once the lines of a batch are done.

        :param outcomes: of the batch; each value that stays becomes a note on its line.
        :return: the lines that changed less than they would have.
        """
        self._left.clear()
        spared: set[int] = set()
        named = Lines(self._images.things.lines)
        for table, columns in self._tables():
            for row in list(self._changed(table, columns)):
                theirs = [column for column in row.changed if column in columns and self._is_theirs(row, column)]
                kept = [column for column in theirs if not self._is_taken(row, column)]
                if kept:
                    self._put_back(row, kept)
                    if line := named.of(table, self._ids(row)):
                        spared.add(line)
                        outcomes.notes += [(line, column, self._note(row, column)) for column in kept]
                for column in row.changed:
                    if column in columns and column not in kept:
                        self._remember(table, row.after["id"], column, row.after[column])
            self._remember_new(table, [column for column in columns if column not in self._absent])
        return spared

    def left(self) -> str:
        """What the batch leaves, for `note`."""
        return base64.b64encode(b"".join(PACKED.pack(*pair) for pair in self._left.items())).decode()

    def note(self, left: str) -> None:
        """Take note of what a committed batch left, now or in an earlier attempt."""
        self.written.update(PACKED.iter_unpack(base64.b64decode(left)))

    def _tables(self) -> Iterator[tuple[str, list[str]]]:
        """The tables in which the batch may have changed something that people edit, and these columns."""
        schema = self._session.schema
        for table, edited in edited_tables().items():
            if table in self._images.changed or self._images.made(table):
                yield table, [column for column in edited["columns"] if schema.has(table, column)]

    def _changed(self, table: str, columns: Sequence[str]) -> Iterator[_Row]:
        """The rows of a table that differ from what they were before the batch, but for those that it has made."""
        if table not in self._images.changed:
            return
        every = self._session.schema.columns(table)
        differs = " OR ".join(f"NOT (BINARY b.`{column}` <=> BINARY t.`{column}`)" for column in columns)
        made, unless = self._images.made(table), edited_tables()[table].get("unless", ())
        found = self._session.rows(
            f"SELECT b.*, t.* FROM {IMAGE}{table} b STRAIGHT_JOIN {{{table}}} t ON t.id = b.id WHERE {differs}"
        )
        for values in found:
            before = dict(zip(every, values[: len(every)], strict=True))
            after = dict(zip(every, values[len(every) :], strict=True))
            changed = [column for column in every if before[column] != after[column]]
            is_new = any(first <= after["id"] <= last for first, last in made)
            if not (is_new or set(unless) & set(changed)):
                yield _Row(table, before, after, changed)

    def _is_theirs(self, row: _Row, column: str) -> bool:
        """Whether a value was not what a file had last written there."""
        place = place_of(row.table, row.after["id"], column)
        wrote = self.written.get(place, self._memory.value(place))
        return wrote is not None and wrote != hash_of(row.before[column])

    def _is_taken(self, row: _Row, column: str) -> bool:
        """Whether the batch has given the value, of which there may be one only, to another row."""
        if not row.before[column] or column not in edited_tables()[row.table].get("unique", ()):
            return False
        by_batch = [f"id BETWEEN {first} AND {last}" for first, last in self._images.made(row.table)]
        by_batch.append(f"id IN (SELECT b.id FROM {IMAGE}{row.table} b)")
        taken = (
            f"SELECT 1 FROM {{{row.table}}} WHERE `{column}` = %s AND id <> %s AND ({' OR '.join(by_batch)}) LIMIT 1"
        )
        return self._session.value(taken, (row.before[column], row.after["id"])) is not None

    def _put_back(self, row: _Row, columns: list[str]) -> None:
        if set(row.changed) - QUIET <= set(columns):  # nothing else of it changed, so it was not modified
            columns = row.changed
        assigned = ", ".join(f"`{column}` = %s" for column in columns)
        values = [row.before[column] for column in columns]
        self._session.execute(f"UPDATE {{{row.table}}} SET {assigned} WHERE id = %s", [*values, row.after["id"]])

    def _remember(self, table: str, number: int, column: str, value: Any) -> None:
        self._left[place_of(table, number, column)] = hash_of(value)

    def _remember_new(self, table: str, columns: Sequence[str]) -> None:
        """Remember what new rows hold."""
        listed = ", ".join(f"t.`{column}`" for column in columns)
        for ranges in chunked(self._images.made(table) if columns else [], RANGES_AT_ONCE):
            within = " OR ".join(f"t.id BETWEEN {first} AND {last}" for first, last in ranges)
            for number, *values in self._session.rows(f"SELECT t.id, {listed} FROM {{{table}}} t WHERE {within}"):
                for column, value in zip(columns, values, strict=True):
                    self._remember(table, number, column, value)

    def _ids(self, row: _Row) -> dict[str, int]:
        """What a row is and refers to, by table."""
        ids = {
            kind: row.after[column]
            for column in row.after
            if (kind := refers_to(row.table, column)) and row.after[column]
        }
        ids[row.table] = row.after["id"]
        for kind in [kind for kind in ids if kind in COURSE and "course" not in ids]:
            ids["course"] = self._session.value(f"SELECT `{COURSE[kind]}` FROM {{{kind}}} WHERE id = %s", (ids[kind],))
        return ids

    def _note(self, row: _Row, column: str) -> str:
        what = "" if row.table == "user" else f" ({row.table})"
        return f"{column}{what} stays as it is: somebody has changed it since a file of the data set wrote it (Param keep_manual_changes)"


@cache
def edited_tables() -> Mapping[str, Mapping[str, Any]]:
    """The tables of the site that people edit, and their columns: `include/hands_off.json`."""
    told = json.loads((INCLUDE / "hands_off.json").read_text(encoding="utf-8"))
    return {table: edited for table, edited in told.items() if table != "about"}
