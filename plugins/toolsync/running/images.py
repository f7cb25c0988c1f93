"""What a batch changes on the site, whatever its SQL: the rows as they were are kept in temporary tables, and compared at the end.

Before each UPDATE or DELETE, the rows that it will change are copied into `toolsync_image_<table>` (a row that is there already stays as it is), by the
statement's own FROM and WHERE. Of an INSERT, the ids of the new rows are noted. `write` then says what was taken away, changed and made in all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from airflow.sdk.exceptions import AirflowException
from more_itertools import chunked

from toolsync.cabinet.bundles import PartWriter
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables
from toolsync.running.chunks import WHOLE
from toolsync.running.image_sql import QUIET, VOLATILE, RowsChanged, rows_changed
from toolsync.running.statements import Statement
from toolsync.running.things import Things, named_by, references

IMAGE = "toolsync_image_"
CHUNK = 1000  # rows in a line of a part
RANGES_AT_ONCE = 100  # of ids, in one SELECT
Ranges = list[tuple[int, int]]


class Images:
    """Keeps what one transaction after the other changes.

    :param session: on which the statements run.
    :param others: opens a second session, which sees what others have committed; None: nobody else is at work.
    """

    def __init__(self, session: MoodleSession, others: Any = None) -> None:
        self.session = session
        self.things = Things(session)
        self.notes_all_names = False  # whether it counts what lines named that changed nothing
        self.said: dict[str, Any] = {}  # what the first line of the part says besides
        self._others: Any = others
        self._tables = WorkTables(session)
        self._made: dict[str, Ranges] = {}  # ids of new rows, first and last
        self._numbered: bool | None = None  # whether new rows have ids in a row

    def before(self, statement: Statement) -> str:
        """The statement that has to be run right before another, so that what that changes is kept; empty: none. Makes the table that takes it."""
        change = rows_changed(statement, self.session.prefix)
        if change is None or not change.rows:
            return ""
        name = IMAGE + change.table
        if not self._tables.is_defined(name):
            like = f"(PRIMARY KEY (id)) AS SELECT t.* FROM {{{change.table}}} t LIMIT 0"
            self._tables.define(name, f"CREATE TEMPORARY TABLE {name} {like}")
        return f"INSERT IGNORE INTO {name} {change.rows}"

    def kept(self, statement: Statement, rows: int) -> None:
        """After what `before` said was run.

        :param rows: the number of rows that it kept.
        """
        if change := rows_changed(statement, self.session.prefix):
            self._tables.count(IMAGE + change.table, rows)

    def gives_ids(self, statement: Statement) -> bool:
        """Whether it is an INSERT that gives its rows ids."""
        change = rows_changed(statement, self.session.prefix)
        return change is not None and bool(change.ids)

    def ids_given(self, statement: Statement) -> None:
        """Before an INSERT that gives its rows ids: note them."""
        change = rows_changed(statement, self.session.prefix)
        if change is not None and change.ids:
            if statement.chunks:
                self.session.execute(f"SET @first = {WHOLE[0]}, @last = {WHOLE[1]}")
                self.session.range = WHOLE
            self._note(change.table, ((number, number) for (number,) in self.session.rows(change.ids)))

    def after(self, inserted: Sequence[tuple[Statement, int, int]]) -> None:
        """After INSERTs into one table: note the ids of their rows. Of other statements, nothing.

        :param inserted: of each, or of each time that it was run, the number of rows and the first id that the server gave them.
        """
        numbered = []
        for statement, count, first in inserted:
            change = rows_changed(statement, self.session.prefix)
            if change and change.inserts and not change.ids and count:
                numbered.append((change, count, first))
        if numbered:
            self._note(numbered[0][0].table, self._ids(numbered))

    @property
    def nothing(self) -> bool:
        """Whether nothing was changed, for all that is known."""
        return not (self._made or self._tables.filled)

    @property
    def changed(self) -> set[str]:
        """The tables of which rows were changed or taken away; `IMAGE` and its name is the table with the rows as they were."""
        return {name.removeprefix(IMAGE) for name in self._tables.filled if name.startswith(IMAGE)}

    def made(self, table: str) -> Ranges:
        """The ids of a table's new rows, first and last of each range, in order."""
        return merged(self._made.get(table, []))

    def forget(self) -> None:
        """Begin anew: what was changed is kept, or of no interest."""
        self._made.clear()
        self.said.clear()
        self._tables.clear(self._tables.filled)
        self.things.forget()

    def lost(self) -> None:
        """Begin anew, where nobody knows which temporary tables are there."""
        self._made.clear()
        self.said.clear()
        self._tables.drop()
        self.things.lost()

    def write(self, part: PartWriter) -> None:
        """Write what the transaction has changed so far. Nothing may be written to the site before it commits."""
        for table in sorted(self.changed):
            self._write_images(part, IMAGE + table, table)
        for table in sorted(self._made):
            self._write_made(part, table)
        if part.begun:
            self.things.write(part)

    def _write_images(self, part: PartWriter, image: str, table: str) -> None:
        columns = self.session.schema.columns(table)
        compared = [column for column in columns if column != "id" and column not in VOLATILE]
        made = self.made(table)
        gone = self.session.stream(
            f"SELECT {_listed(columns, 'b')} FROM {image} b LEFT JOIN {{{table}}} t ON t.id = b.id WHERE t.id IS NULL ORDER BY b.id"
        )
        self._write(part, "deleted", table, columns, _others_than(made, gone, columns.index("id")))
        differ = ", ".join(f"MAX({_differs(column)})" for column in compared)
        found = self.session.rows(f"SELECT {differ} FROM {image} b STRAIGHT_JOIN {{{table}}} t ON t.id = b.id")
        changed = [column for column, any_differs in zip(compared, found[0], strict=True) if any_differs]
        if not changed:
            return
        condition = " OR ".join(map(_differs, changed))
        refers = references(table, columns)
        about = "".join(f", t.`{column}`" for column in refers)
        rows = self.session.stream(
            f"SELECT b.id, {_listed(changed, 'b')}, t.id, {_listed(changed, 't')}{about} FROM {image} b STRAIGHT_JOIN {{{table}}} t ON t.id = b.id "
            f"WHERE {condition} ORDER BY b.id"
        )
        self._write(part, "changed", table, ["id", *changed], _others_than(made, rows, 0), refers)

    def _write_made(self, part: PartWriter, table: str) -> None:
        every = self.session.schema.columns(table)
        hashed = hashed_columns(every)
        refers = references(table, every)
        named = [column for column in named_by(table) if column in every]
        more = "".join(f", t.`{column}`" for column in (*refers, *named))
        for ranges in chunked(self.made(table), RANGES_AT_ONCE):
            within = " OR ".join(f"t.id BETWEEN {first} AND {last}" for first, last in ranges)
            rows = self.session.stream(
                f"SELECT t.id, {hash_of(hashed)}{more} FROM {{{table}}} t FORCE INDEX (PRIMARY) WHERE {within} ORDER BY t.id"
            )
            for found in chunked(rows, CHUNK):
                some = [row[: 2 + len(refers)] for row in found] if named else found
                part.rows("made", table, ["id", "hash", *refers], some, hashed=hashed)
                self.things.refer(table, ["id", "hash", *refers], some)
                self.things.made(table, ["id", *named], [(row[0], *row[2 + len(refers) :]) for row in found])

    def _write(
        self,
        part: PartWriter,
        change: str,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        refers: Sequence[str] = (),
    ) -> None:
        """Write rows that were there before.

        :param refers: what each row holds after its columns.
        """
        for found in chunked(rows, CHUNK):
            some: Sequence[Sequence[Any]] = found
            more: dict[str, Any] = {}
            if refers:
                some = [row[: -len(refers)] for row in found]
                about = [row[-len(refers) :] for row in found]
                more = {"refers": refers, "about": about}
                self.things.refer(table, refers, about)
            part.rows(change, table, columns, some, **more)
            self.things.changed(change, table, columns, some)

    def _note(self, table: str, ranges: Iterable[tuple[int, int]]) -> None:
        mine = self._made.setdefault(table, [])
        for first, last in ranges:
            if mine and mine[-1][1] + 1 == first:
                mine[-1] = (mine[-1][0], last)
            else:
                mine.append((first, last))

    def _ids(self, inserted: Sequence[tuple[RowsChanged, int, int]]) -> Ranges:
        """The ids of rows that were inserted into one table just now: ours only, however the server numbers them."""
        if self._numbered is None:
            mode, step = self.session.rows("SELECT @@innodb_autoinc_lock_mode, @@auto_increment_increment")[0]
            # 0 and 1: whoever inserts rows by a SELECT gets ids in a row. 2: others may get some in between.
            self._numbered = int(mode) < 2 and int(step) == 1
        if self._numbered and not any(change.ignores for change, _, _ in inserted):
            return [(first, first + count - 1) for _, count, first in inserted]
        lowest, count = min(first for _, _, first in inserted), sum(count for _, count, _ in inserted)
        table = inserted[0][0].table
        among = f"SELECT id FROM {{{table}}} FORCE INDEX (PRIMARY) WHERE id >= {lowest} ORDER BY id"
        mine = {number for (number,) in self.session.rows(among)}
        if len(mine) != count and self._others is not None:
            opened: AbstractContextManager[MoodleSession] = self._others()
            with opened as others:  # it sees what is committed, so not what is ours
                mine -= {number for (number,) in others.rows(among)}
            mine &= {number for (number,) in self.session.rows(among)}  # without what they have deleted meanwhile
        if len(mine) != count:
            raise AirflowException(
                f"{count} rows were inserted into {table}, but {len(mine)} were found: somebody else is writing there. "
                "Nothing of this batch was applied; it is tried again when the task is."
            )
        return [(number, number) for number in sorted(mine)]


def hashed_columns(columns: Iterable[str]) -> list[str]:
    """Those columns of a table in which a row that a run made is compared with what it has become."""
    return [column for column in columns if column != "id" and column not in VOLATILE | QUIET]


# What of these columns of grade items somebody wrote; the rest Moodle works out when it looks at the gradebook.
WORKED_OUT = {
    "aggregationcoef2": "IF({alias}.weightoverride = 0, NULL, {alias}.aggregationcoef2)",
    "grademax": "IF({alias}.itemtype IN ('course', 'category'), NULL, {alias}.grademax)",
}


def hash_of(columns: Sequence[str], alias: str = "t") -> str:
    """The SQL of a hash of a row.

    :param columns: those of the table; those that count are enough.
    """
    counted = {column: f"{alias}.`{column}`" for column in hashed_columns(columns)}
    if "weightoverride" in counted:
        counted |= {column: part.format(alias=alias) for column, part in WORKED_OUT.items() if column in counted}
    values = ", ".join(f"COALESCE(CAST({value} AS BINARY), '\\0')" for value in counted.values())
    return f"LEFT(SHA2(CONCAT_WS('\\1', {values}), 256), 16)"


def _differs(column: str) -> str:
    return f"NOT (BINARY b.`{column}` <=> BINARY t.`{column}`)"


def _listed(columns: Sequence[str], alias: str) -> str:
    return ", ".join(f"{alias}.`{column}`" for column in columns)


def merged(ranges: Ranges) -> Ranges:
    """Ranges in order, those that follow each other made one."""
    result: Ranges = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def _others_than(made: Ranges, rows: Iterable[Sequence[Any]], at: int) -> Iterator[Sequence[Any]]:
    """Rows without those that the transaction has made itself.

    :param at: where a row has its id.
    """
    firsts = [first for first, _ in made]
    for row in rows:
        place = bisect_right(firsts, row[at]) - 1
        if place < 0 or row[at] > made[place][1]:
            yield row
