"""Values that somebody has changed on the site since a file wrote them stay, whatever the next file says (Param `keep_manual_changes`)."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from more_itertools import chunked

from toolsync.cabinet.data_sets import DataSet
from toolsync.data_sets.memory import Memory, hash_of, place_of
from toolsync.reading.columns import Header
from toolsync.reading.suite import Suite
from toolsync.reporting.changed_lines import Lines
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.image_sql import QUIET
from toolsync.running.images import IMAGE, RANGES_AT_ONCE, Images
from toolsync.running.state import RunState
from toolsync.running.things import COURSE, refers_to
from toolsync.settings import INCLUDE, WrongSetting

KEYS = {"columns", "unless", "unique", "type", "as"}  # of a table in `include/hands_off.json`
MANY = 200_000  # hashes that Python holds one by one, which takes ten times the room
AT_ONCE = 1000  # rows of one look-up
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
    """

    def __init__(self, state: RunState, memory: Memory, suite: Suite, header: Header) -> None:
        self._written: dict[int, int] = {}  # what this run has written and the memory does not have yet
        self._state = state
        self._session = state.session
        self._memory = memory
        if state.images:
            state.images.notes_all_names = True
        self._file_type = suite.name
        self._given = header.plain.keys()
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
            self._remember_first(table, columns)
        return spared

    def left(self) -> str:
        """What the batch leaves, for `note`."""
        return base64.b64encode(b"".join(PACKED.pack(*pair) for pair in self._left.items())).decode()

    def note(self, left: str) -> None:
        """Take note of what a committed batch left, now or in an earlier attempt."""
        self._written.update(PACKED.iter_unpack(base64.b64decode(left)))
        if len(self._written) > MANY:
            self._memory, self._written = self._memory.with_more(self._written), {}

    def keep(self, data_set: DataSet, claim: str) -> None:
        """Remember what the run has written, too, for the next files.

        :param claim: of the run.
        """
        self._memory.with_more(self._written).keep(data_set, claim)

    def _known(self, place: int) -> int | None:
        """The hash of what a file last wrote to a place; None: none did, for all that is known."""
        return self._written.get(place, self._memory.value(place))

    def _tables(self) -> Iterator[tuple[str, list[str]]]:
        """The tables in which the batch may have changed something that people edit, and these columns."""
        schema = self._session.schema
        for table, edited in edited_tables().items():
            if table in self._images.changed or self._images.made(table) or edited.get("type") == self._file_type:
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
        wrote = self._known(place)
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

    def _remember_first(self, table: str, columns: Sequence[str]) -> None:
        """Remember what the rows hold that lines named, as far as nothing is known of it: the file says the same, or leaves it alone."""
        edited = edited_tables()[table]
        given = {edited.get("as", {}).get(name, name) for name in self._given}
        said = [column for column in columns if column in given] if edited.get("type") == self._file_type else []
        named = {
            row[kinds.index(table) + 1] for kinds, rows in self._images.things.lines if table in kinds for row in rows
        }
        listed = ", ".join(f"`{column}`" for column in said)
        for numbers in chunked(sorted(number for number in named if number), AT_ONCE) if said else []:
            some = ", ".join(map(str, numbers))
            for number, *values in self._session.rows(f"SELECT id, {listed} FROM {{{table}}} WHERE id IN ({some})"):
                for column, value in zip(said, values, strict=True):
                    place = place_of(table, number, column)
                    if self._known(place) is None:
                        self._left.setdefault(place, hash_of(value))

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


def edited_tables() -> Mapping[str, Mapping[str, Any]]:
    """The tables of the site that people edit, and their columns.

    :raises WrongSetting: the file that says so makes no sense.
    """
    return _edited_tables(INCLUDE / "hands_off.json")


@cache
def _edited_tables(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongSetting(f"{path}: expected JSON ({error}).") from None
    tables = {table: edited for table, edited in told.items() if table != "about"}
    for table, edited in tables.items():
        if not isinstance(edited, dict) or not edited.get("columns") or edited.keys() - KEYS:
            raise WrongSetting(
                f"{path}, {table}: expected columns, and perhaps {', '.join(sorted(KEYS - {'columns'}))}."
            )
    return tables
